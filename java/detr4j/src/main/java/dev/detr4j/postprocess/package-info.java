/**
 * From logits and relative boxes to detections, with the arithmetic of the original projects: on
 * the host, but for suppression, which is an operation of the backend. A backend with memory of its
 * own selects there: {@link dev.detr4j.postprocess.Postprocessing#operation} says by which
 * operation.
 *
 * <table>
 * <caption>What is where</caption>
 * <tr><th>to change</th><th>go to</th></tr>
 * <tr><td>how one model family scores and selects</td><td>{@link dev.detr4j.postprocess.Postprocessing} and its
 *     records of one family each</td></tr>
 * <tr><td>the ranking of the best k, its ties and NaN</td><td>{@link dev.detr4j.postprocess.TopK}</td></tr>
 * <tr><td>suppression of overlapping boxes</td><td>{@link dev.detr4j.session.SoftSuppression}, and the
 *     operation {@link dev.detr4j.op.SoftNms}</td></tr>
 * </table>
 *
 * <p>Selectors hold their scratch memory and allocate nothing per call, so each belongs to one
 * session. The tests compare with stored outputs of transformers, torchvision and birder ({@code
 * src/test/resources/golden/prepost}).
 */
@NullMarked
package dev.detr4j.postprocess;

import org.jspecify.annotations.NullMarked;
