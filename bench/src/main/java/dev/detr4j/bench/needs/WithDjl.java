package dev.detr4j.bench.needs;

import ai.djl.MalformedModelException;
import ai.djl.inference.Predictor;
import ai.djl.modality.cv.Image;
import ai.djl.modality.cv.ImageFactory;
import ai.djl.modality.cv.output.BoundingBox;
import ai.djl.modality.cv.output.DetectedObjects;
import ai.djl.modality.cv.output.Rectangle;
import ai.djl.modality.cv.transform.Normalize;
import ai.djl.modality.cv.transform.Resize;
import ai.djl.modality.cv.transform.ToTensor;
import ai.djl.ndarray.NDList;
import ai.djl.repository.zoo.Criteria;
import ai.djl.repository.zoo.ModelNotFoundException;
import ai.djl.repository.zoo.ZooModel;
import ai.djl.translate.NoBatchifyTranslator;
import ai.djl.translate.Pipeline;
import ai.djl.translate.TranslateException;
import ai.djl.translate.TranslatorContext;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** The needs with DJL. */
final class WithDjl {
  private static final float[] MEAN = {0.485f, 0.456f, 0.406f};
  private static final float[] DEVIATION = {0.229f, 0.224f, 0.225f};

  private WithDjl() {}

  static void onePhoto(Path model, List<String> labels, Path photo)
      throws IOException, ModelNotFoundException, MalformedModelException, TranslateException {
    try (ZooModel<Image, DetectedObjects> loaded = criteria(model, labels).loadModel();
        Predictor<Image, DetectedObjects> predictor = loaded.newPredictor()) {
      System.out.println(predictor.predict(ImageFactory.getInstance().fromFile(photo)));
    }
  }

  static String service(
      ZooModel<Image, DetectedObjects> model,
      Semaphore slots,
      ExecutorService platformThreads,
      byte[] request)
      throws InterruptedException, ExecutionException {
    slots.acquire();
    try {
      return platformThreads
          .submit(() -> {
            Image image =
                ImageFactory.getInstance().fromInputStream(new ByteArrayInputStream(request));
            try (Predictor<Image, DetectedObjects> predictor = model.newPredictor()) {
              return predictor.predict(image).toJson();
            }
          })
          .get();
    } finally {
      slots.release();
    }
  }

  static List<Future<DetectedObjects>> batch(
      ZooModel<Image, DetectedObjects> model, ExecutorService callers, List<Path> photos) {
    return photos.stream()
        .map(photo ->
            callers.submit(() -> {
              try (Predictor<Image, DetectedObjects> predictor = model.newPredictor()) {
                return predictor.predict(ImageFactory.getInstance().fromFile(photo));
              }
            }))
        .toList();
  }

  static DetectedObjects cameraFrame(
      Predictor<Image, DetectedObjects> predictor, byte[] bgr, int width, int height)
      throws TranslateException {
    BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_3BYTE_BGR);
    image.getRaster().setDataElements(0, 0, width, height, bgr);
    return predictor.predict(ImageFactory.getInstance().fromImage(image));
  }

  /** Gives up waiting; the prediction itself runs on. */
  static DetectedObjects deadline(
      Predictor<Image, DetectedObjects> predictor, ExecutorService callers, Path photo)
      throws InterruptedException, ExecutionException {
    Future<DetectedObjects> call =
        callers.submit(() -> predictor.predict(ImageFactory.getInstance().fromFile(photo)));
    try {
      return call.get(2, TimeUnit.SECONDS);
    } catch (TimeoutException e) {
      throw new CancellationException("not within 2 s");
    }
  }

  private static Criteria<Image, DetectedObjects> criteria(Path model, List<String> labels) {
    return Criteria.builder()
        .setTypes(Image.class, DetectedObjects.class)
        .optModelPath(model)
        .optEngine("PyTorch")
        .optTranslator(new DetrTranslator(labels))
        .build();
  }

  /** DJL has translators for YOLO and SSD, none for DETR. */
  private static final class DetrTranslator
      implements NoBatchifyTranslator<Image, DetectedObjects> {
    private final Pipeline pipeline =
        new Pipeline(new Resize(1066, 800), new ToTensor(), new Normalize(MEAN, DEVIATION));
    private final List<String> labels;

    DetrTranslator(List<String> labels) {
      this.labels = labels;
    }

    @Override
    public NDList processInput(TranslatorContext context, Image input) {
      NDList pixels = new NDList(input.toNDArray(context.getNDManager(), Image.Flag.COLOR));
      return new NDList(pipeline.transform(pixels).singletonOrThrow().expandDims(0));
    }

    @Override
    public DetectedObjects processOutput(TranslatorContext context, NDList outputs) {
      float[] scores = outputs.get(0).get(0).softmax(-1).toFloatArray();
      float[] boxes = outputs.get(1).get(0).toFloatArray();
      int classes = labels.size() + 1; // the last is "no object"
      List<String> names = new ArrayList<>();
      List<Double> probabilities = new ArrayList<>();
      List<BoundingBox> rectangles = new ArrayList<>();
      for (int query = 0; query < boxes.length / 4; query++) {
        int best = 0;
        for (int label = 1; label < labels.size(); label++) {
          best = scores[query * classes + label] > scores[query * classes + best] ? label : best;
        }
        double score = scores[query * classes + best];
        if (score > 0.5) {
          float width = boxes[4 * query + 2];
          float height = boxes[4 * query + 3];
          names.add(labels.get(best));
          probabilities.add(score);
          rectangles.add(
              new Rectangle(
                  boxes[4 * query] - width / 2, boxes[4 * query + 1] - height / 2, width, height));
        }
      }
      return new DetectedObjects(names, probabilities, rectangles);
    }
  }
}
