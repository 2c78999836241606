// The camera, as still frames.

import { Failure } from './server.js';
import { element } from './state.js';

let stream = null;
let opening = false; // the browser may be asking for permission

export const cameraRuns = (which = stream) => stream !== null && which === stream;

/** Starts the camera, unless that is under way, and returns its stream. */
export async function startCamera() {
  if (opening) return null;
  opening = true;
  const started = await open().finally(() => (opening = false));
  stream = started;
  started.getTracks().forEach(track => track.addEventListener('ended', () => stopCamera(started))); // it was unplugged
  element.camera.textContent = 'Stop camera';
  element.status.setAttribute('aria-live', 'off'); // it changes with each frame
  element.viewfinder.hidden = false;
  element.viewfinder.srcObject = started;
  await element.viewfinder.play();
  return started;
}

async function open() {
  if (!navigator.mediaDevices?.getUserMedia) {
    throw new Failure(
      `A browser lets a page use the camera only over https or from this machine. This page came from ${location.origin}.`);
  }
  try {
    return await navigator.mediaDevices.getUserMedia({
      video: { facingMode: 'environment', width: { ideal: 1280 }, height: { ideal: 720 } },
    });
  } catch (e) {
    const reasons = {
      NotAllowedError: 'the browser has no permission',
      NotFoundError: 'there is none',
      NotReadableError: 'another program uses it',
    };
    throw new Failure(`The camera cannot be used: ${reasons[e.name] ?? e.message}.`);
  }
}

/** Stops the camera; with a stream, only if it is the one that runs. */
export function stopCamera(which = stream) {
  if (stream === null || which !== stream) return;
  stream.getTracks().forEach(track => track.stop());
  stream = null;
  element.viewfinder.srcObject = null;
  element.viewfinder.hidden = true;
  element.camera.textContent = 'Start camera';
  element.status.setAttribute('aria-live', 'polite');
}

/** A JPEG of now, again and again, until the camera of this stream is stopped. Waits while nobody sees the page. */
export async function* frames(mine) {
  const canvas = document.createElement('canvas');
  while (stream === mine) {
    if (document.hidden) {
      await new Promise(wake => document.addEventListener('visibilitychange', wake, { once: true }));
    } else {
      yield await frame(canvas);
    }
  }
}

function frame(canvas) {
  canvas.width = element.viewfinder.videoWidth;
  canvas.height = element.viewfinder.videoHeight;
  canvas.getContext('2d').drawImage(element.viewfinder, 0, 0);
  return new Promise(done => canvas.toBlob(done, 'image/jpeg', 0.9));
}
