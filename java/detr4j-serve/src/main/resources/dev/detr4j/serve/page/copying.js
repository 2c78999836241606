// The request as a line for curl, the answer as JSON, and the buttons that copy them.

import { address, hasToken } from './server.js';
import { element, model, state } from './state.js';

/** For a POSIX shell. */
const quoted = text => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

export function drawCurl() {
  const url = address('detect');
  if (state.models.length > 1) url.searchParams.set('model', model().name);
  if (state.models.length > 0) url.searchParams.set('threshold', Number(state.threshold.toFixed(4)));
  if (state.only.size > 0) url.searchParams.set('labels', [...state.only].join(','));
  const token = hasToken() ? ' -H "Authorization: Bearer $TOKEN"' : '';
  const file = quoted(`@${state.picture?.name ?? 'photo.jpg'}`);
  element.curl.textContent = `curl${token} --data-binary ${file} ${quoted(url.href.replaceAll('%2C', ','))}`;
}

export function drawJson() {
  if (!element['json-panel'].open) return; // it may be long
  const { answer, rows } = state;
  element.json.textContent = answer
    ? JSON.stringify({ ...answer, detections: rows.map(row => row.detection) }, null, 2)
    : 'No answer yet';
}

export async function copy(button) {
  const source = element[button.dataset.copy];
  let done = true;
  try {
    await navigator.clipboard.writeText(source.textContent);
  } catch {
    // Over plain http there is no clipboard. Select the text and try what browsers had before.
    getSelection().selectAllChildren(source);
    done = document.execCommand('copy');
  }
  button.firstChild.data = done ? 'Copied' : 'Selected: press Ctrl+C';
  setTimeout(() => (button.firstChild.data = 'Copy'), 2000);
}
