/**
 * Object detection with models of the DETR family: the public API.
 *
 * <p>This package holds detectors, their input and output, and the errors that they report.
 *
 * <h2 id="detect">Detecting objects in an image</h2>
 *
 * <p>A {@link dev.detr4j.Detector} is a model that is ready to run. A {@link
 * dev.detr4j.DetectorSession} runs it and fills {@link dev.detr4j.Detections}. The following
 * program prints the label, the score and the box of each object in a photo:
 *
 * {@snippet lang = java:
 * try (Detector detector = Detector.builder(model).threads(2).build();
 *     DetectorSession session = detector.newSession()) {
 *   System.err.println(detector.backend());
 *   session.warmUp();
 *   ImageView image = new ImageDecoder().decode(photo);
 *   Detections found = session.newDetections();
 *   session.detect(image, found);
 *   for (int i = 0; i < found.size(); i++) {
 *     System.out.printf("%s %.3f: ", found.label(i), found.score(i));
 *     System.out.printf("x %.1f to %.1f, ", found.xMin(i), found.xMax(i));
 *     System.out.printf("y %.1f to %.1f%n", found.yMin(i), found.yMax(i));
 *   }
 * }
 * }
 *
 * <p>The path {@code model} is a Hugging Face model folder or the checkpoint of another project.
 * {@link dev.detr4j.Detector#backend()} reports which implementation of the operations runs, and
 * why the others do not. {@link dev.detr4j.DetectorSession#warmUp()} keeps planning and compilation
 * out of the first call. Every call empties and refills the {@link dev.detr4j.Detections} that it
 * is given.
 *
 * <p>Pixels that are already in memory need no decoder: {@link dev.detr4j.image.ImageView} wraps
 * them without a copy.
 *
 * <h2 id="share">Sharing a detector</h2>
 *
 * <p>A detector holds the weights and is thread-safe. A session holds the memory of one call and
 * serves one caller at a time. A service therefore opens one detector per model and one session per
 * thread. The following program counts the objects on several photos in two threads:
 *
 * {@snippet lang = java:
 * try (Detector detector = Detector.builder(model).build();
 *     ExecutorService callers = Executors.newFixedThreadPool(2)) {
 *   ThreadLocal<DetectorSession> session = ThreadLocal.withInitial(detector::newSession);
 *   List<Future<Integer>> counts = new ArrayList<>();
 *   for (Path photo : photos) {
 *     counts.add(
 *         callers.submit(() -> {
 *           Detections found = session.get().newDetections();
 *           session.get().detect(new ImageDecoder().decode(photo), found);
 *           return found.size();
 *         }));
 *   }
 *   for (int i = 0; i < photos.size(); i++) {
 *     System.out.printf("%s: %d objects%n", photos.get(i), counts.get(i).get());
 *   }
 * }
 * }
 *
 * <p>The executor closes first and waits for its tasks. Closing the detector then closes its
 * sessions.
 *
 * <h2 id="guarantees">Guarantees</h2>
 *
 * <ul>
 *   <li><b>Threads.</b> {@link dev.detr4j.Detector} may be used by any number of threads. A second
 *       thread that enters a session gets an {@link java.lang.IllegalStateException}.
 *   <li><b>Memory.</b> After the first call of an image size, a call allocates nothing of its own
 *       on the heap. Weights and feature maps lie outside the heap.
 *   <li><b>Lifetime.</b> {@code close} waits for running calls, frees everything, and has no effect
 *       when repeated. A detector or session that is never closed keeps its memory.
 *   <li><b>Errors.</b> A file or a setting that is wrong is reported as a {@link
 *       dev.detr4j.error.Detr4jException}, whose one-line message is fit to show to a user. A
 *       misuse of this API is an {@link java.lang.IllegalArgumentException} or an {@link
 *       java.lang.IllegalStateException}.
 *   <li><b>No silent fallback.</b> A backend, an instruction set or a precision that was requested
 *       is used, or opening the detector fails with the reason.
 * </ul>
 *
 * <h2 id="native">Native access</h2>
 *
 * <p>Backends {@code c} and {@code vector} need native access: start Java with {@code
 * --enable-native-access=ALL-UNNAMED} on the class path, or {@code
 * --enable-native-access=dev.detr4j.ffi} on the module path. Backend {@code vector} also needs
 * {@code --add-modules jdk.incubator.vector}.
 */
@NullMarked
package dev.detr4j;

import org.jspecify.annotations.NullMarked;
