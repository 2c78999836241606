// The page asks once about a picture, at a low threshold. The slider and the classes filter that answer here.
//
//   file, drop, paste --> detectPhoto --+--> ask (server.js) --> draw (drawing.js)
//   camera.js: frame after frame -------+

import { cameraRuns, frames, startCamera, stopCamera } from './camera.js';
import { copy, drawJson } from './copying.js';
import { draw, placeLabels, show } from './drawing.js';
import { Failure, ask, askModels, hasToken, useToken } from './server.js';
import { element, lowest, model, state } from './state.js';

let running = null; // aborts the request about a photo
let starting = null; // the request for the models, while it runs
let waiting = null; // a photo that came before the models were known
let afterToken = start; // what to do again with a token

// ---- Models

/** Learns the models. Tried again with whatever a person does, until it succeeds. */
function start() {
  starting ??= guarded(start, async () => {
    state.models = await askModels();
    element.model.replaceChildren(...state.models.map(each => new Option(each.name)));
    element['model-line'].hidden = false;
    element.model.disabled = state.models.length < 2;
    modelChosen();
    if (waiting !== null) detectPhoto(...waiting);
    waiting = null;
  }).finally(() => (starting = null));
}

function modelChosen() {
  const { architecture, backend, threshold, labels } = model();
  const classes = labels.length === 1 ? '1 class' : `${labels.length} classes`;
  element['model-facts'].textContent = `${architecture}, ${classes}, backend ${backend}`;
  element.threshold.min = lowest();
  element.threshold.value = threshold;
  element.threshold.disabled = false;
  state.threshold = threshold;
  state.only.clear();
  forget();
}

function forget() {
  state.answer = null;
  draw();
}

// ---- Photos

function detectPhoto(blob, name) {
  stopCamera();
  if (state.models.length === 0) {
    waiting = [blob, name];
    start();
    return;
  }
  running?.abort();
  const mine = (running = new AbortController());
  const picture = { blob, name };
  guarded(() => detectPhoto(blob, name), async () => {
    document.body.classList.add('busy');
    forget();
    element.status.textContent = 'Detecting…';
    try {
      const begun = performance.now();
      const asked = ask(picture, mine.signal).then(answer => [answer, performance.now() - begun]);
      const [[answer, milliseconds]] = await Promise.all([asked, show(picture)]);
      if (mine.signal.aborted) return;
      state.answer = answer;
      state.took = `in ${milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`}`;
      draw();
    } catch (e) {
      if (!mine.signal.aborted) element.status.textContent = 'No result';
      throw e;
    } finally {
      if (running === mine) document.body.classList.remove('busy');
    }
  });
}

/** The first file of a drop, a paste or the dialog. */
function take(transfer) {
  const file = transfer?.files[0];
  if (file !== undefined) detectPhoto(file, file.name);
  return file !== undefined;
}

// ---- Camera

function toggleCamera() {
  if (cameraRuns()) {
    stopCamera();
    return;
  }
  if (state.models.length === 0) {
    start();
    return;
  }
  guarded(toggleCamera, async () => {
    running?.abort();
    let camera;
    try {
      camera = await startCamera();
      if (camera === null) return;
      forget();
      await detectFrames(camera);
    } finally {
      stopCamera(camera);
    }
  });
}

async function detectFrames(camera) {
  let last = performance.now();
  for await (const blob of frames(camera)) {
    const picture = { blob, name: 'frame.jpg' };
    try {
      const answer = await ask(picture);
      if (!cameraRuns(camera)) return;
      await show(picture);
      if (!cameraRuns(camera)) return;
      const now = performance.now();
      state.answer = answer;
      state.took = `at ${(1000 / (now - last)).toFixed(1)} frames a second`;
      last = now;
      draw();
    } catch (e) {
      if (!cameraRuns(camera)) return;
      if (e.status !== 503) throw e;
      element.status.textContent = 'The server is busy, trying again…';
      await new Promise(wake => setTimeout(wake, 1000 * e.retrySeconds));
    }
  }
}

// ---- Errors and the token

/** Does something, and says what went wrong with it. With a new token, it is done again. */
async function guarded(again, action) {
  element.error.hidden = true;
  try {
    await action();
  } catch (e) {
    if (e.name === 'AbortError') return;
    if (e.status === 401) askForToken(again);
    else fail(e);
  }
}

function fail(e) {
  element['error-text'].textContent = e.message;
  element['error-id'].textContent = e.requestId ? `request ${e.requestId}` : '';
  element.error.hidden = false;
}

function askForToken(again) {
  if (hasToken()) fail(new Failure('The server did not accept this token.'));
  useToken(null);
  afterToken = again;
  element['token-form'].hidden = false;
  element.token.focus();
}

function tokenGiven(event) {
  event.preventDefault();
  useToken(element.token.value);
  element.token.value = '';
  element['token-form'].hidden = true;
  afterToken();
}

// ---- Events

element.file.addEventListener('change', () => {
  take(element.file);
  element.file.value = ''; // the same file can be chosen again
});
element.drop.addEventListener('click', () => element.drop.classList.contains('empty') && element.file.click());
document.addEventListener('paste', event => {
  if (take(event.clipboardData)) event.preventDefault();
});
document.addEventListener('dragover', event => {
  event.preventDefault();
  element.drop.classList.add('over');
});
document.addEventListener('dragleave', event => {
  if (event.relatedTarget === null) element.drop.classList.remove('over');
});
document.addEventListener('drop', event => {
  event.preventDefault();
  element.drop.classList.remove('over');
  if (!take(event.dataTransfer)) fail(new Failure('That was no file. Save the picture first, or copy and paste it.'));
});
element.camera.addEventListener('click', toggleCamera);
element.model.addEventListener('change', () => {
  modelChosen();
  if (state.picture !== null && !cameraRuns()) detectPhoto(state.picture.blob, state.picture.name);
});
element.threshold.addEventListener('input', () => {
  state.threshold = element.threshold.valueAsNumber;
  draw();
});
element['token-form'].addEventListener('submit', tokenGiven);
element['json-panel'].addEventListener('toggle', drawJson);
document.querySelectorAll('[data-copy]').forEach(button => button.addEventListener('click', () => copy(button)));
new ResizeObserver(placeLabels).observe(element.frame);

draw();
start();
