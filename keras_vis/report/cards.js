// What does a picture look like at this epoch? Its card loads a frame when it can be seen.
const cards = [];
const ROW = 4, BETWEEN = 16;
const standing = new ResizeObserver(entries => {
  for (const {target} of entries) target.style.gridRowEnd = `span ${Math.ceil((target.offsetHeight + BETWEEN) / ROW)}`;
});
const seen = new IntersectionObserver(entries => {
  for (const {target, isIntersecting} of entries) {
    const card = cards.find(one => one.box === target);
    card.visible = isIntersecting;
    if (isIntersecting) card.update();
  }
}, {rootMargin: "250px 0px"});

// One place for a frame, as large as the largest, so that nothing moves when another comes.
function place(show) {
  const wide = Math.max(...show.frames.map(frame => frame[2])), high = Math.max(...show.frames.map(frame => frame[3]));
  const link = make("a", {className: "sheet"}), caption = make("figcaption", {className: "at"});
  link.style.width = `${wide}px`;
  link.style.aspectRatio = `${wide} / ${high}`;
  let wanted = null, shown = null, ahead = null, busy = null;
  function load(frame) {
    const image = new Image(frame[2], frame[3]);
    image.style.width = `${100 * frame[2] / wide}%`;
    image.src = show.at + frame[1];
    return {frame, image, done: image.decode().catch(() => {})};
  }
  // Shown only when it is decoded: nothing flickers. What was asked for meanwhile and is no longer wanted is not loaded.
  async function catchUp() {
    while (wanted !== shown) {
      const next = ahead?.frame === wanted ? ahead : load(wanted);
      await next.done;
      next.image.alt = show.spoken + (show.name ? `, epoch ${next.frame[0]}` : "");
      link.replaceChildren(next.image);
      shown = next.frame;
    }
    busy = null;
  }
  return {
    box: make("figure", {}, caption, link),
    ahead: frame => { if (ahead?.frame !== frame && frame !== wanted) ahead = load(frame); },
    show(frame) {
      wanted = frame;
      link.href = show.at + frame[1];
      link.setAttribute("aria-label", `Open in full: ${show.spoken}${show.name ? `, epoch ${frame[0]}` : ""}`);
      caption.textContent = `epoch ${frame[0]}`;
      if (!busy && wanted !== shown) busy = catchUp();
      return busy;
    },
  };
}

function settings(show, id) {
  if (!show.facts.length) return "";
  const list = make("dl", {}, ...show.facts.flatMap(([name, said]) => [make("dt", {textContent: name}), make("dd", {textContent: said})]));
  const details = make("details", {id}, make("summary", {textContent: "Settings"}), list);
  details.addEventListener("toggle", remember);
  return details;
}

function card(show, room) {
  const id = `card-${cards.length}`, often = show.frames.length > 1, views = [place(show)];
  if (often) views.push(place(show));
  const when = make("span", {className: "when"}), said = make("p", {className: "told"});
  const film = show.film ? make("a", {href: show.at + show.film, textContent: "Film of the epochs (GIF)"}) : "";
  const raw = make("a", {textContent: "Raw numbers (.npz)", hidden: true});
  const heading = make("h3", {id: `${id}-name`, textContent: show.title});
  const box = make("article", {id, className: "card", tabIndex: -1},
    make("div", {className: "name"}, heading, when),
    show.note ? make("p", {className: "note", textContent: show.note}) : "",
    make("div", {className: "views"}, ...views.map(view => view.box)),
    said,
    show.sparing ? make("p", {className: "told", textContent: show.sparing}) : "",
    show.failure ? make("p", {className: "failure", textContent: show.failure}) : "",
    make("div", {className: "more"}, settings(show, `${id}-settings`), film, raw));
  box.setAttribute("aria-labelledby", heading.id);
  box.classList.toggle("two", often);
  box.classList.toggle("wide", Math.max(...show.frames.map(frame => frame[2])) > 1100);
  show.card = box;
  const times = show.frames.map(frame => frame[4]).filter(seconds => seconds !== null);
  const mean = times.reduce((sum, seconds) => sum + seconds, 0) / times.length;
  const frameAt = index => by(show.frames, epochs[index]) ?? show.frames[0];
  function tell(frame) {
    const took = frame[4] === null ? "" : `drawn in ${time(frame[4])}${times.length > 1 ? ` (mean ${time(mean)})` : ""}`;
    const changed = finite(frame[5]) ? `changed by ${told(frame[5], 3)}` : "";
    const facts = [show.scale, took, changed].filter(Boolean);
    // the dot stays at the end of its line
    said.replaceChildren(...facts.flatMap((fact, index) => [index ? " " : "", make("span", {textContent: index < facts.length - 1 ? `${fact} ·` : fact})]));
    said.hidden = !said.childNodes.length;
    raw.hidden = !(show.raw || frame[6]);
    raw.href = show.at + (show.raw || frame[1].replace(/\.png\?\d+$/, ".npz"));
    when.textContent = show.name ? `epoch ${frame[0]}` : "";
  }
  const one = {
    box, visible: false, frames: show.name ? show.frames : [],
    // what it says, before it can be seen: so that its height is known
    announce: () => tell(show.name ? frameAt(state.now) : show.frames[0]),
    // both views have come to rest when the promise has
    update() {
      const frame = show.name ? frameAt(state.now) : show.frames[0];
      tell(frame);
      const waits = [views[0].show(frame)];
      if (often && state.other !== null) waits.push(views[1].show(frameAt(state.other)));
      return Promise.all(waits);
    },
    prepare: epoch => views[0].ahead(by(show.frames, epoch) ?? show.frames[0]),
  };
  cards.push(one);
  room.append(box);
  seen.observe(box);
  standing.observe(box);
}

function gallery(shows, room, moving) {
  const box = make("div", {className: moving ? "cards moving" : "cards"});
  room.append(box);
  for (const show of shows) card(show, box);
}
