// Requests to the server, with the token where it asks for one.

import { lowest, model } from './state.js';

const TOKEN = 'detr4j.token';

/** An error in words for the person at the page. */
export class Failure extends Error {
  constructor(message, { status = 0, requestId = '', retrySeconds = 1 } = {}) {
    super(message);
    this.status = status;
    this.requestId = requestId;
    this.retrySeconds = retrySeconds;
  }
}

let token = stored();

function stored() {
  try {
    return sessionStorage.getItem(TOKEN);
  } catch {
    return null; // storage is switched off
  }
}

export const hasToken = () => token !== null;

/** Sends this token from now on, as long as the tab is open; null for none. */
export function useToken(text) {
  token = text;
  try {
    if (text === null) sessionStorage.removeItem(TOKEN);
    else sessionStorage.setItem(TOKEN, text);
  } catch {
    // It lasts as long as the page.
  }
}

/** A path of the endpoint, wherever it is mounted. */
export const address = path => new URL(path, document.baseURI);

async function call(url, options = {}) {
  const headers = { ...options.headers };
  if (token !== null) headers.Authorization = `Bearer ${token}`;
  let response, text;
  try {
    response = await fetch(url, { ...options, headers });
    text = await response.text();
  } catch (e) {
    if (e.name === 'AbortError') throw e;
    throw new Failure('The connection to the server broke. It has stopped, or the picture is larger than it accepts.');
  }
  const body = parsed(text);
  if (response.ok && body !== null) return body;
  throw new Failure(body?.error ?? `Status ${response.status}, without an answer that this page understands.`, {
    status: response.status,
    requestId: body?.request_id,
    retrySeconds: Number(response.headers.get('Retry-After')) || 1,
  });
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null; // something between this page and the server answered
  }
}

export const askModels = async () => (await call(address('models'))).models;

/** The detections of a picture, down to the lowest score that the slider reaches. */
export function ask(picture, signal) {
  const url = address('detect');
  url.searchParams.set('model', model().name);
  url.searchParams.set('threshold', lowest());
  // Another type would be read as a request in JSON, or be refused before the server looked at the bytes.
  const type = picture.blob.type.startsWith('image/') ? picture.blob.type : 'image/x-unknown';
  return call(url, { method: 'POST', body: picture.blob, headers: { 'Content-Type': type }, signal }).catch(e => {
    e.message = e.message.replace(/^the body(?=: | is )/, picture.name); // the server cannot know that it is a file
    throw e;
  });
}
