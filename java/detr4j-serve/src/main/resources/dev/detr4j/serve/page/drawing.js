// The picture, the boxes over it, the list and the classes.

import { drawCurl, drawJson } from './copying.js';
import { element, model, state } from './state.js';

const COLOURS = 10; // .class-0 to .class-9 of the style sheet
const MOST_LABELLED = 60; // more labels would hide the photo

let latest = null; // the picture to show, if two are on their way

/** Shows a picture, upright until the answer says how the model saw it. */
export async function show(picture) {
  const { photo } = element;
  latest = picture;
  picture.url = URL.createObjectURL(picture.blob);
  picture.upright = new Image();
  picture.upright.src = picture.url;
  picture.readable = await picture.upright.decode().then(() => true, () => false);
  if (latest !== picture) {
    URL.revokeObjectURL(picture.url);
    return;
  }
  const before = state.picture;
  state.picture = picture;
  photo.alt = picture.name;
  photo.src = picture.url;
  await photo.decode().catch(() => {});
  if (before !== null) URL.revokeObjectURL(before.url);
  photo.hidden = !picture.readable;
  element.frame.classList.remove('as-stored');
  if (picture.readable) shape(picture.upright.naturalWidth, picture.upright.naturalHeight);
  showFrame(picture.readable);
  drawCurl();
}

function showFrame(shown) {
  element.frame.hidden = !shown;
  element.invitation.hidden = shown;
  element.drop.classList.toggle('empty', !shown);
}

function shape(width, height) {
  element.frame.style.setProperty('--w', width);
  element.frame.style.setProperty('--h', height);
}

/** Answers what a person may wonder about the picture. */
function drawNote() {
  const { answer, picture } = state;
  element.note.textContent = answer === null ? '' : note(answer, picture);
  element.note.hidden = element.note.textContent === '';
}

function note({ width, height }, { readable, upright }) {
  if (!readable) return 'This browser cannot show the file. The boxes are drawn on an empty sheet.';
  const { naturalWidth, naturalHeight } = upright;
  if (naturalWidth === width && naturalHeight === height) return '';
  if (naturalWidth === height && naturalHeight === width && model().orientation === 'ignore') {
    return 'Shown as the model saw it: this model does not turn photos by their EXIF orientation.';
  }
  return `The browser shows ${naturalWidth} × ${naturalHeight} pixels, the model saw ${width} × ${height}.`;
}

/** Draws the answer at the threshold and for the classes of the moment. */
export function draw() {
  const all = state.answer?.detections ?? [];
  const above = all.filter(each => each.score > state.threshold).sort((a, b) => b.score - a.score);
  const visible = above.filter(each => state.only.size === 0 || state.only.has(each.label));
  element['threshold-value'].textContent = state.threshold.toFixed(2);
  if (state.answer !== null) {
    shape(state.answer.width, state.answer.height);
    showFrame(true);
    element.frame.classList.toggle('as-stored', model().orientation === 'ignore');
    element.status.textContent = summary(visible.length, all.length);
  }
  drawRows(visible);
  drawClasses(above);
  drawNote();
  drawCurl();
  drawJson();
}

function summary(visible, all) {
  const count = visible === 1 ? '1 detection' : `${visible} detections`;
  const hidden = all > visible ? `, ${all - visible} more hidden` : '';
  return `${count} ${state.took}${hidden}`;
}

/** New children, while the keyboard stays where it was. */
function replace(parent, children, key) {
  const focused = parent.contains(document.activeElement) ? key(document.activeElement) : null;
  parent.replaceChildren(...children);
  if (focused === null) return;
  const buttons = [...parent.querySelectorAll('button')];
  (buttons.find(each => key(each) === focused) ?? buttons.at(-1))?.focus({ preventScroll: true });
}

function made(name, className, ...content) {
  const node = document.createElement(name);
  node.className = className;
  node.append(...content);
  return node;
}

function newButton(className, ...content) {
  const button = made('button', className, ...content);
  button.type = 'button';
  return button;
}

const colour = detection => `class-${detection.label_id % COLOURS}`;

// ---- Boxes and list

function drawRows(visible) {
  state.rows = visible.map((detection, i) => ({ detection, box: newBox(detection), entry: newEntry(detection, i) }));
  state.rows.forEach(({ box, entry }) => connect(box, entry));
  // The small ones last, so that a pointer reaches them.
  const area = ({ detection: { box } }) => (box.x_max - box.x_min) * (box.y_max - box.y_min);
  const bySize = [...state.rows].sort((a, b) => area(b) - area(a));
  element.boxes.replaceChildren(...bySize.map(row => row.box));
  element.boxes.classList.toggle('dense', visible.length > MOST_LABELLED);
  placeLabels();
  replace(element.list, state.rows.map(row => made('li', '', row.entry)), entry => entry.dataset.rank);
}

function newBox(detection) {
  const { width, height } = state.answer;
  const percent = (value, whole) => Math.min(Math.max(value / whole, 0), 1) * 100;
  const left = percent(detection.box.x_min, width);
  const top = percent(detection.box.y_min, height);
  const box = made('div', `box ${colour(detection)}`,
    made('span', '', `${detection.label} ${detection.score.toFixed(2)}`));
  box.style.left = `${left}%`;
  box.style.top = `${top}%`;
  box.style.width = `${percent(detection.box.x_max, width) - left}%`;
  box.style.height = `${percent(detection.box.y_max, height) - top}%`;
  return box;
}

function newEntry(detection, rank) {
  const [left, top, right, bottom] = ['x_min', 'y_min', 'x_max', 'y_max'].map(each => Math.round(detection.box[each]));
  const entry = newButton(`entry ${colour(detection)}`,
    made('span', 'dot'),
    made('span', 'name', detection.label),
    made('span', 'score', detection.score.toFixed(3)),
    made('span', 'place', `${right - left} × ${bottom - top} px at ${left}, ${top}`));
  entry.dataset.rank = rank;
  return entry;
}

/** What is pointed at is lit, both where it is on the photo and in the list. */
function connect(box, entry) {
  const light = on => [box, entry].forEach(each => each.classList.toggle('lit', on));
  for (const each of [box, entry]) {
    each.addEventListener('pointerenter', () => light(true));
    each.addEventListener('pointerleave', () => light(entry === document.activeElement));
  }
  entry.addEventListener('focus', () => light(true));
  entry.addEventListener('blur', () => light(false));
  entry.addEventListener('click', () => {
    entry.focus(); // not every browser does
    element.frame.scrollIntoView({ block: 'nearest' });
  });
  box.addEventListener('click', () => {
    entry.focus({ preventScroll: true }); // the photo stays in sight
    element.list.scrollTop = entry.offsetTop - element.list.offsetTop - element.list.clientHeight / 2;
  });
}

const PLACES = {
  above: (box, label) => [box.left, box.top - label.height],
  'above right': (box, label) => [box.right - label.width, box.top - label.height],
  below: box => [box.left, box.bottom],
  'below right': (box, label) => [box.right - label.width, box.bottom],
  inside: box => [box.left, box.top],
  'inside right': (box, label) => [box.right - label.width, box.top],
  foot: (box, label) => [box.left, box.bottom - label.height],
  'foot right': (box, label) => [box.right - label.width, box.bottom - label.height],
};

/** Gives each label a place in the photo where it covers no label of a better detection, if there is one. */
export function placeLabels() {
  const frame = element.frame.getBoundingClientRect();
  const sizes = state.rows.map(({ box }) => [box.getBoundingClientRect(), box.firstChild.getBoundingClientRect()]);
  const taken = [];
  state.rows.forEach(({ box }, i) => {
    const [outline, label] = sizes[i];
    const rectangles = Object.entries(PLACES).map(([place, corner]) => {
      const [left, top] = corner(outline, label);
      return { place, left, top, right: left + label.width, bottom: top + label.height };
    });
    const within = rectangles.filter(each => contains(frame, each));
    const chosen =
      within.find(each => !taken.some(other => overlap(each, other))) ??
      within[0] ??
      rectangles.find(each => each.place === 'inside');
    taken.push(chosen);
    box.dataset.label = chosen.place;
  });
}

// Labels stand a pixel or two outside their boxes.
const contains = (frame, { left, top, right, bottom }) =>
  left >= frame.left - 3 && right <= frame.right + 3 && top >= frame.top - 3 && bottom <= frame.bottom + 3;

const overlap = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;

// ---- Classes

function drawClasses(above) {
  const counts = new Map([...state.only].map(label => [label, 0]));
  above.forEach(({ label }) => counts.set(label, (counts.get(label) ?? 0) + 1));
  const labels = [...counts.keys()].sort();
  replace(element.classes, labels.map(label => newClass(label, counts.get(label))), each => each.dataset.label);
}

function newClass(label, count) {
  const detection = state.answer?.detections.find(each => each.label === label);
  const button = newButton(detection ? colour(detection) : '', made('span', 'dot'), `${label} ${count}`);
  button.dataset.label = label;
  button.setAttribute('aria-pressed', state.only.has(label));
  button.addEventListener('click', () => {
    if (!state.only.delete(label)) state.only.add(label);
    draw();
  });
  return button;
}
