// Which epoch is looked at? The slider, the keys, play, and what of it survives a reload.
const state = {now: 0, other: null, playing: null};
const last = epochs.length - 1, slider = byId("epoch"), second = byId("with"), compare = byId("compare"), play = byId("play"), again = byId("reload");
const inside = index => Math.min(last, Math.max(0, index));

function show() {
  for (const [node, output, index, tail] of [[slider, byId("which"), state.now, ` of ${epochs[last]}`], [second, byId("whichwith"), state.other ?? 0, ""]]) {
    node.value = index;
    node.setAttribute("aria-valuetext", `epoch ${epochs[index]}`);
    output.textContent = epochs[index] + tail;
  }
  const comparing = state.other !== null;
  compare.checked = comparing;
  document.querySelector(".other").hidden = !comparing;
  document.body.classList.toggle("comparing", comparing);
  for (const chart of charts) chart.mark(epochs[state.now], comparing ? epochs[state.other] : null);
  remember();
  return Promise.all(cards.filter(one => one.visible).map(one => one.update()));
}
function go(index) { state.now = inside(index); return show(); }

// Play goes from drawing to drawing, and waits until each is shown.
const beats = drawnAt.length ? drawnAt : epochs;
const beat = Math.min(700, Math.max(150, 20000 / beats.length));
const following = epoch => beats.find(one => one > epoch) ?? beats[0];
const pause = milliseconds => new Promise(done => setTimeout(done, milliseconds));
async function start() {
  const mine = state.playing = {};
  button();
  while (state.playing === mine) {
    const next = following(epochs[state.now]);
    for (const one of cards) if (one.visible && one.frames.length > 1) one.prepare(next);
    await pause(beat);
    if (state.playing === mine) await go(epochs.indexOf(next));
  }
}
function stop() { state.playing = null; button(); }
function button() {
  const on = state.playing !== null;
  play.querySelector("span").textContent = on ? "Pause" : "Play";
  play.querySelector("path").setAttribute("d", on ? "M2 1h3v10H2zM7 1h3v10H7z" : "M2.5 1v10l8-5z");
  // an epoch read out each second would say nothing
  byId("which").setAttribute("aria-live", on ? "off" : "polite");
  remember();
}

// The address holds what was chosen; at the last epoch nothing, so that a reload stays at the last there is by then.
let writing = null;
function remember() {
  clearTimeout(writing);
  writing = setTimeout(keep, 400); // not at each step of a drag: browsers allow few changes of the address
}
function keep() {
  clearTimeout(writing);
  const chosen = new URLSearchParams();
  if (last >= 0 && state.now !== last) chosen.set("epoch", epochs[state.now]);
  if (state.other !== null) chosen.set("with", epochs[state.other]);
  if (state.playing) chosen.set("play", 1);
  if (again.checked) chosen.set("reload", 1);
  const open = [...document.querySelectorAll("details[open]")].map(node => node.id);
  history.replaceState({open}, "", chosen.size ? `#${chosen}` : location.pathname + location.search);
}
function recall() {
  const chosen = new URLSearchParams(location.hash.slice(1));
  const index = (name, otherwise) => {
    if (!/^\d+$/.test(chosen.get(name) ?? "")) return otherwise;
    const found = epochs.findLastIndex(epoch => epoch <= +chosen.get(name));
    return inside(found);
  };
  state.now = index("epoch", Math.max(last, 0));
  state.other = last > 0 ? index("with", null) : null;
  again.checked = chosen.has("reload");
  for (const id of history.state?.open ?? []) byId(id)?.setAttribute("open", "");
  for (const one of cards) one.announce();
  if (epochs.length) show();
  if (chosen.has("play") && last > 0) { if (!state.playing) start(); } else if (state.playing) stop();
}

function listen() {
  slider.max = second.max = last;
  slider.addEventListener("input", () => { stop(); go(+slider.value); });
  second.addEventListener("input", () => { state.other = +second.value; show(); });
  compare.addEventListener("change", () => { state.other = compare.checked ? 0 : null; show(); });
  play.addEventListener("click", () => state.playing ? stop() : start());
  document.addEventListener("keydown", event => {
    const target = event.target;
    // What has the focus keeps its own keys; the slider's are the same.
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || target === second) return;
    const busy = target.closest("a, button, summary, input[type=checkbox]");
    const to = {ArrowLeft: state.now - 1, ArrowRight: state.now + 1, Home: 0, End: last}[event.key];
    if (event.key === " " && !busy) { event.preventDefault(); return state.playing ? stop() : start(); }
    if (to === undefined || target === slider) return;
    event.preventDefault(); stop(); go(to);
  });
}

function summary() {
  const number = content.shows.length + content.sections.reduce((sum, one) => sum + one.pictures.length, 0);
  const parts = number ? [many(number, "picture")] : [];
  if (last > 0) parts.push(`epochs ${epochs[0]} to ${epochs[last]}`);
  byId("summary").textContent = parts.join(", ");
}
function foot() {
  const training = content.trainings.reduce((sum, one) => sum + one.seconds, 0), drawing = content.drawing;
  const share = training ? ` (${told(100 * drawing / training, 2)} % of it)` : "";
  const times = [training && `Training took ${time(training)}`, drawing && `drawing ${training ? "" : "took "}${time(drawing)}${share}`].filter(Boolean).join(", ");
  const lines = [times && `${times[0].toUpperCase()}${times.slice(1)}.`, content.versions.map(pair => pair.join(" ")).join(", ")];
  document.querySelector("footer").append(...lines.filter(Boolean).map(textContent => make("p", {textContent})));
}

function build() {
  const often = content.shows.filter(show => show.frames.length > 1), once = content.shows.filter(show => show.frames.length === 1);
  const moving = often.length ? often : once, changing = changes(moving);
  curves();
  const room = changing.length ? section("How much each picture changed since the frame before it", "", "Change") : null;
  if (moving.length) gallery(moving, section("Epoch by epoch", often.length ? "the slider moves these" : ""), true);
  if (room) drift(changing, room); // after the cards, to which it links
  // what does not change: of the callbacks, of the directory itself, and of its groups
  const still = often.length ? once : [], [loose, groups] = [true, false].map(top => content.sections.filter(one => one.top === top));
  const single = [...still, ...loose.flatMap(one => one.pictures)];
  if (single.length) gallery(single, section(still.length ? "Drawn once" : "Pictures"), false);
  for (const {title, pictures} of groups) gallery(pictures, section(title), false);
  if (!sections.length) document.querySelector("main").append(make("p", {className: "empty", textContent: "Nothing has been drawn yet. The pictures of this run will be here, with a slider for its epochs: reload the page after the first epoch."}));
  if (sections.length > 2) {
    const nav = document.querySelector("nav");
    nav.hidden = false;
    nav.append(...sections.map(({title, heading}) => jump(heading, title)));
  }
  byId("bar").hidden = last < 1;
  byId("reloads").hidden = false;
  summary(); foot();
}
build();
listen();
recall();
again.addEventListener("change", remember);
addEventListener("hashchange", recall);
// For a training that runs. Not while it is out of sight.
setInterval(() => { if (again.checked && !document.hidden) { keep(); location.reload(); } }, 20000);
