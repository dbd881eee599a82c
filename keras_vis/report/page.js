// What lies in this run, and how is it written? What the other parts share.
const content = JSON.parse(document.getElementById("content").textContent);
const NS = document.querySelector("svg").namespaceURI;
const byId = id => document.getElementById(id);

// Text is only ever set as text, so that no name runs anything.
function make(tag, properties = {}, ...inside) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...inside.filter(part => part !== null && part !== ""));
  return node;
}
function draw(tag, attributes = {}) {
  const node = document.createElementNS(NS, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

// numbers in words
const raised = whole => String(whole).replace(/[-\d]/g, sign => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(sign)]);
const minus = text => text.replace("-", "−");
function told(value, digits = 4) {
  if (typeof value === "string") return {nan: "not a number", inf: "infinite", "-inf": "−infinite"}[value];
  if (value === null || value === undefined) return "–";
  const size = Math.abs(value);
  if (size && (size >= 1e5 || size < 1e-3)) {
    const [front, power] = value.toExponential(Math.max(digits - 2, 0)).split("e");
    return minus(+front === 1 ? `10${raised(+power)}` : `${+front} × 10${raised(+power)}`);
  }
  return minus(String(+value.toPrecision(digits)));
}
function time(seconds) {
  if (seconds < 1) return `${+seconds.toPrecision(2)} s`;
  if (seconds < 60) return `${+seconds.toPrecision(3)} s`;
  const minutes = Math.round(seconds / 60);
  return seconds < 3600 ? `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
const many = (number, what) => `${number} ${what}${number === 1 ? "" : "s"}`;

// all epochs of which something is known; those of which a picture was drawn; the last entry that there was by an epoch
const inOrder = numbers => [...new Set(numbers)].sort((a, b) => a - b);
const drawnAt = inOrder(content.shows.flatMap(show => show.frames.map(frame => frame[0])));
const epochs = inOrder([...drawnAt, ...content.trainings.flatMap(training => training.epochs)]);
const by = (entries, epoch) => entries.findLast(entry => entry[0] <= epoch);

// sections, and the way to them
const sections = [];
function section(title, hint = "", short = title) {
  const heading = make("h2", {id: `section-${sections.length}`, tabIndex: -1}, title, hint && make("small", {textContent: hint}));
  const room = make("section");
  room.setAttribute("aria-labelledby", heading.id);
  room.append(heading);
  document.querySelector("main").append(room);
  sections.push({title: short, heading});
  return room;
}
// The address keeps the epoch, so a jump is no part of it.
function jump(to, title) {
  const link = make("a", {href: `#${to.id}`, textContent: title});
  link.addEventListener("click", event => {
    event.preventDefault();
    to.scrollIntoView();
    to.focus({preventScroll: true});
  });
  return link;
}
