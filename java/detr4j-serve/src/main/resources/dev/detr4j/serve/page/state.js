// What all parts of the page know.

const LOWEST_THRESHOLD = 0.05;

/** The elements of the page by id. */
export const element = Object.fromEntries([...document.querySelectorAll('[id]')].map(each => [each.id, each]));

export const state = {
  models: [], // as /models lists them
  threshold: 0.5, // scores above it are shown
  only: new Set(), // labels to show; empty for all
  picture: null, // what is shown: { blob, name, url, upright, readable }
  answer: null, // what /detect said about it
  took: '', // how long that took, in words
  rows: [], // the visible detections, each with its box and its entry in the list
};

/** The chosen model. */
export const model = () => state.models[element.model.selectedIndex];

/** What the server is asked for; the slider goes down to it. */
export const lowest = () => Math.min(LOWEST_THRESHOLD, model().threshold);
