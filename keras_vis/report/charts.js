// How did it go? Curves over the epochs, each with the epoch that is looked at.
const charts = [];
const HEIGHT = 150, TOP = 8, BOTTOM = 22, RIGHT = 10;
const finite = value => typeof value === "number" && Math.abs(value) < 1e300;

function nice(span, parts) {
  const rough = span / parts, power = 10 ** Math.floor(Math.log10(rough));
  return power * ([1, 2, 5].find(step => step * power >= rough * .999) ?? 10);
}

// Where a value stands between 0, below, and 1, above; one of more than `most` times the least is shown by its powers of ten.
function axis(values, most) {
  const above = values.filter(value => value > 0);
  let low = values.reduce((a, b) => Math.min(a, b), Infinity), high = values.reduce((a, b) => Math.max(a, b), -Infinity);
  const least = above.reduce((a, b) => Math.min(a, b), Infinity);
  if (low >= 0 && high / least > most) {
    let first = Math.log10(least), last = Math.log10(high);
    const room = .06 * (last - first), zero = low === 0;
    first -= zero ? 3 * room : room; last += room;
    const step = Math.ceil((last - first) / 4), ticks = zero ? [0] : [];
    for (let power = Math.floor(first / step) * step; power <= last; power += step) {
      // between few powers stand 2 and 5 of each
      for (const digit of last - first < 2.2 ? [1, 2, 5] : [1]) ticks.push(digit * 10 ** power);
    }
    const lowest = 10 ** (first + (zero ? 2 * room : 0)), highest = 10 ** last;
    return {log: true, ticks: ticks.filter(tick => !tick || (tick > lowest && tick < highest)), label: value => value >= 1e-3 && value < 1e4 ? String(+value.toPrecision(1)) : told(value, 2), at: value => value > 0 ? (Math.log10(value) - first) / (last - first) : 0};
  }
  // a single value has an axis around it that its ticks can tell apart
  const room = (high > low ? Math.max(.06 * (high - low), 1e-6 * Math.abs(high)) : .5 * Math.abs(high)) || .5;
  // what cannot be below zero is not given an axis below it
  low = low >= 0 && low - room < 0 ? 0 : low - room; high += room;
  const step = nice(high - low, 4), ticks = [];
  for (let index = Math.ceil(low / step); index * step <= high; index++) ticks.push(index * step);
  const places = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const plain = places <= 5 && high < 1e5 && low > -1e5;
  return {log: false, ticks, label: value => plain ? minus(value.toFixed(places)) : told(+value.toPrecision(6), 3), at: value => (value - low) / (high - low)};
}

function swatch({colour, dash}) {
  const sample = draw("svg", {class: "swatch", viewBox: "0 0 24 10", "aria-hidden": "true"});
  sample.style.setProperty("--line", colour);
  sample.append(draw("path", {class: "line", d: "M1 5H23", "stroke-dasharray": dash}));
  return sample;
}

// lines: [{label, colour, dash, points: [[epoch, value], ...]}]
function plot(lines, name, height, most, write) {
  const picture = draw("svg", {class: "plot", role: "img", height});
  const scale = axis(lines.flatMap(line => line.points.map(point => point[1]).filter(finite)), most);
  const first = epochs[0], span = epochs[epochs.length - 1] - first || 1;
  const labels = scale.ticks.map(scale.label), left = Math.max(54, 14 + 6.7 * Math.max(...labels.map(label => label.length)));
  let width = 0, now = null, other = null;
  const x = epoch => left + (epoch - first) / span * (width - left - RIGHT);
  const y = value => height - BOTTOM - scale.at(value) * (height - BOTTOM - TOP);
  function text(words, across, down, anchor) {
    const node = draw("text", {x: across, y: down, "text-anchor": anchor});
    node.textContent = words;
    picture.append(node);
  }
  function redraw() {
    picture.setAttribute("viewBox", `0 0 ${width} ${height}`);
    picture.replaceChildren();
    scale.ticks.forEach((tick, index) => {
      picture.append(draw("path", {class: "grid", d: `M${left} ${y(tick).toFixed(1)}H${width - RIGHT}`}));
      text(labels[index], left - 7, y(tick) + 4, "end");
    });
    const step = Math.max(1, nice(span, Math.max(1, Math.floor((width - left) / 55))));
    for (let epoch = Math.ceil(first / step) * step; epoch <= first + span; epoch += step) text(epoch, x(epoch), height - 5, "middle");
    text("epoch", left - 12, height - 5, "end");
    for (const line of lines) {
      const path = draw("path", {class: "line", d: route(line.points), "stroke-dasharray": line.dash});
      path.style.setProperty("--line", line.colour);
      path.classList.toggle("lit", line === lit);
      const alone = draw("path", {class: "line alone", d: single(line.points)});
      alone.style.setProperty("--line", line.colour);
      picture.append(path, alone);
    }
    marks();
  }
  // Not finite: a gap. Not told (a loss of validation each fifth epoch): the line goes on. A point alone is a dot.
  function route(points) {
    let parts = "", pen = false;
    for (const [epoch, value] of points) {
      if (finite(value)) parts += `${pen ? "L" : "M"}${x(epoch).toFixed(1)} ${y(value).toFixed(1)}`;
      pen = finite(value);
    }
    return parts;
  }
  const single = points => points.map(([epoch, value], index) => finite(value) && !finite(points[index - 1]?.[1]) && !finite(points[index + 1]?.[1]) ? `M${x(epoch).toFixed(1)} ${y(value).toFixed(1)}h0` : "").join("");
  function marks() {
    picture.querySelectorAll(".now, .second-now, .dot").forEach(node => node.remove());
    for (const [epoch, kind, extra] of [[other, "second-now", " second"], [now, "now", ""]]) {
      if (epoch === null) continue;
      picture.append(draw("path", {class: kind, d: `M${x(epoch).toFixed(1)} ${TOP - 6}V${height - BOTTOM}`}));
      for (const line of lines) {
        const point = line.points.find(([at, value]) => at === epoch && finite(value));
        if (!point) continue;
        const dot = draw("circle", {class: `dot${extra}${line === lit ? " lit" : ""}`, cx: x(epoch), cy: y(point[1]), r: 3.8});
        dot.style.setProperty("--line", line.colour);
        picture.append(dot);
      }
    }
  }
  let lit = null;
  function light(line) {
    lit = line;
    picture.classList.toggle("dim", line !== null);
    if (width) redraw();
  }
  function mark(epoch, beside) {
    now = epoch; other = beside;
    write(epoch, beside);
    const values = lines.slice(0, 8).map(line => `${line.label} ${told(by(line.points, epoch)?.[1])}`);
    picture.setAttribute("aria-label", `${name} over the epochs. At epoch ${epoch}: ${values.join(", ")}.`);
    if (width) marks();
  }
  // a press or a drag goes to the epoch below it
  function follow(event) {
    const wanted = first + (event.clientX - picture.getBoundingClientRect().left - left) / (width - left - RIGHT) * span;
    const nearest = epochs.reduce((best, epoch) => Math.abs(epoch - wanted) < Math.abs(best - wanted) ? epoch : best);
    stop();
    go(epochs.indexOf(nearest));
  }
  picture.addEventListener("pointerdown", event => { if (event.button === 0) { picture.setPointerCapture(event.pointerId); follow(event); } });
  picture.addEventListener("pointermove", event => { if (picture.hasPointerCapture(event.pointerId)) follow(event); });
  new ResizeObserver(([entry]) => { width = entry.contentRect.width; if (width) redraw(); }).observe(picture);
  charts.push({mark});
  return {picture, light, log: scale.log};
}

// What is printed beside a line: its value by then, and that of the epoch beside it.
function value(points, epoch, digits) {
  const found = by(points, epoch);
  return make("span", {className: "number"}, told(found?.[1], digits), found && found[0] !== epoch ? make("span", {className: "by", textContent: ` at ${found[0]}`}) : "");
}
function values(room, points, epoch, beside, digits) {
  room.replaceChildren(value(points, epoch, digits));
  if (beside === null) return;
  const second = value(points, beside, digits);
  second.classList.add("second");
  second.prepend(" | ");
  room.append(second);
}

const of = (epoch, beside) => beside === null ? `epoch ${epoch}` : `epochs ${epoch} | ${beside}`;
const caption = (title, hint, when, list = "") => make("figcaption", {}, make("div", {className: "name"}, make("h3", {}, title, make("small", {textContent: hint})), when), list);
const plainly = name => name.replaceAll("_", " ").trim() || name;
const some = names => names.length > 5 ? `${names.slice(0, 4).join(", ")} and ${names.length - 4} more` : names.join(", ");
function curves() {
  const trainings = content.trainings.filter(training => Object.values(training.curves).flat().some(finite));
  if (!trainings.length) return;
  const room = section("How training went", "", "Training");
  const metrics = inTurn(trainings.flatMap(training => Object.keys(training.curves)));
  for (const training of trainings) {
    if (trainings.length > 1) room.append(make("p", {className: "of", textContent: `Training of ${some(training.pictures)}`}));
    const box = make("div", {className: "charts"});
    room.append(box);
    metrics.forEach((metric, index) => {
      const lines = [[metric, "training", "none"], [`val_${metric}`, "validation", "5 5"]].filter(([key]) => training.curves[key]).map(([key, label, dash]) => (
        {label, dash, colour: COLOURS[index % COLOURS.length], points: training.epochs.map((epoch, at) => [epoch, training.curves[key][at]]).filter(point => point[1] !== null)}
      ));
      if (lines.some(line => line.points.some(point => finite(point[1])))) box.append(curve(metric, lines));
    });
  }
}
// the loss first, the learning rate last, the others as Keras gives them; a validation's belongs to its metric
function inTurn(keys) {
  const names = [...new Set(keys.map(key => key.startsWith("val_") ? key.slice(4) : key))];
  const rank = name => name === "loss" ? 0 : /^(learning_rate|lr)$/.test(name) ? 2 : 1;
  return names.sort((a, b) => rank(a) - rank(b));
}
function curve(metric, lines) {
  const rooms = lines.map(() => make("span")), when = make("span", {className: "when"});
  const {picture, log} = plot(lines, plainly(metric), HEIGHT, 100, (epoch, beside) => {
    lines.forEach((line, index) => values(rooms[index], line.points, epoch, beside, 4));
    when.textContent = of(epoch, beside);
  });
  const list = make("ul", {className: "values"}, ...lines.map((line, index) => make("li", {}, swatch(line), `${line.label} `, rooms[index])));
  return make("figure", {className: "chart"}, caption(plainly(metric), log ? " (log axis)" : "", when, list), picture);
}

// How much each picture changed, one chart for each measure.
const changes = shows => shows.map((show, index) => ({
  show, label: show.title, colour: COLOURS[index % COLOURS.length], dash: ["none", "7 4", "2 4"][index % 3],
  points: show.frames.filter(frame => frame[5] !== null).map(frame => [frame[0], frame[5]]),
})).filter(line => line.points.some(point => finite(point[1])));
function drift(all, room) {
  const box = make("div", {className: "charts driftcharts"});
  room.append(box);
  for (const measure of new Set(all.map(line => line.show.measure))) {
    const lines = all.filter(line => line.show.measure === measure), rooms = lines.map(() => make("span")), when = make("span", {className: "when"});
    const columns = lines.length > 12 ? 2 : 1;
    const {picture, light, log} = plot(lines, `Change, ${measure}`, Math.min(380, Math.max(170, 25 * lines.length / columns)), 20, (epoch, beside) => {
      lines.forEach((line, index) => values(rooms[index], line.points, epoch, beside, 3));
      when.textContent = of(epoch, beside);
    });
    const rows = lines.map((line, index) => make("li", {}, swatch(line), jump(line.show.card, line.label), rooms[index]));
    lines.forEach((line, index) => {
      const lightAll = on => { light(on ? line : null); rows[index].classList.toggle("lit", on); line.show.card.classList.toggle("lit", on); };
      for (const node of [rows[index], line.show.card]) {
        for (const [event, on] of [["pointerenter", true], ["pointerleave", false], ["focusin", true], ["focusout", false]]) node.addEventListener(event, () => lightAll(on));
      }
    });
    const head = caption(measure.replace(" - ", " − ") || "change", `${log ? " (log axis)" : ""}: 0 where nothing changed`, when);
    box.append(make("figure", {className: "chart drift"}, head, picture, make("ul", {className: `values${columns > 1 ? " two" : ""}`}, ...rows)));
  }
}
