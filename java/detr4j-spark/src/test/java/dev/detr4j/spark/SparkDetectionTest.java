package dev.detr4j.spark;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.Detector;
import dev.detr4j.backend.BackendKind;
import dev.detr4j.model.codes.CodesModel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Columns, functions, errors and the shared detector on local[2]. */
class SparkDetectionTest {
  private static final int COUNT = 12;

  @TempDir private static Path folder;
  private static SparkSession spark;
  private static Path photos;
  private static Detector plain;

  @BeforeAll
  static void start() throws Exception {
    photos = folder.resolve("photos");
    Photos.write(photos, COUNT);
    spark = LocalSpark.start(folder);
    plain = Detector.builder(CodesModel.folder()).build();
  }

  @AfterAll
  static void stop() {
    plain.close();
    spark.stop();
  }

  private static Dataset<Row> images() {
    return spark.read().format("binaryFile").load(photos.toString());
  }

  private static DetectorOptions codes() {
    return DetectorOptions.defaults().model(CodesModel.folder().toString());
  }

  @Test
  void rowsStayAndGainWhatAPlainLoopFinds() throws Exception {
    Dataset<Row> found = SparkDetection.detect(images(), codes());
    assertEquals(
        "path:string,modificationTime:timestamp,length:bigint,content:binary,"
            + "detections:array<struct<label:string,label_id:int,score:float,x_min:float,y_min:float,x_max:float,y_max:float>>,"
            + "detection_error:string",
        String.join(
            ",",
            List.of(found.schema().fields()).stream()
                .map(field -> field.name() + ":" + field.dataType().catalogString())
                .toList()));
    List<String> expected = Photos.found(plain, photos);
    assertTrue(expected.toString().contains("qr_code"), expected::toString);
    assertEquals(expected, Photos.lines(found));
  }

  @Test
  void aBrokenImageIsTheErrorOfItsRow() throws Exception {
    Path mixed = folder.resolve("mixed");
    Photos.write(mixed, 3);
    Files.writeString(mixed.resolve("text.jpg"), "no image");
    byte[] photo = Files.readAllBytes(Photos.in(photos).getFirst());
    Files.write(mixed.resolve("half.jpg"), Arrays.copyOf(photo, photo.length / 2));
    Dataset<Row> one = images().limit(1);
    Dataset<Row> found =
        SparkDetection.detect(
            spark
                .read()
                .format("binaryFile")
                .load(mixed.toString())
                .unionByName(
                    one.withColumn("path", lit("/empty"))
                        .withColumn("content", lit("").cast("binary")))
                .unionByName(
                    one.withColumn("path", lit("/none"))
                        .withColumn("content", lit(null).cast("binary"))),
            codes());
    List<String> lines = Photos.lines(found);
    assertEquals(7, lines.size());
    assertEquals("empty null image: is empty, expected an image", lines.get(0));
    assertEquals("half.jpg null image: truncated JPEG image", lines.get(1));
    assertEquals("none null image: is null, expected an image", lines.get(2));
    assertTrue(lines.get(6).startsWith("text.jpg null image: "), lines.get(6));
    assertTrue(lines.subList(3, 6).stream().allMatch(line -> line.endsWith(" null")));
  }

  @Test
  void optionsReachTheDetectorAndItsCalls() {
    List<Row> few =
        SparkDetection.detect(images(), codes().threshold(0.9).classes("qr_code", "aztec"))
            .selectExpr("explode(detections) AS each")
            .selectExpr("each.label", "each.score")
            .collectAsList();
    assertTrue(few.size() > 0);
    for (Row each : few) {
      assertTrue(List.of("qr_code", "aztec").contains(each.getString(0)), each::toString);
      assertTrue(each.getFloat(1) > 0.9f, each::toString);
    }
    assertEquals(
        COUNT,
        SparkDetection.detect(images(), codes().maxPixels(1000))
            .filter(
                "detections IS NULL AND detection_error = 'image: image of 400x300 pixels is larger than the limit of 1000 pixels'")
            .count());
  }

  @Test
  void tasksAndThresholdsShareOneDetector() {
    int before = ExecutorDetectors.count();
    DetectorOptions own = codes().maxPixels(999_999); // no other test has such a detector
    Photos.lines(SparkDetection.detect(images().repartition(6), own));
    assertEquals(before + 1, ExecutorDetectors.count());
    Photos.lines(SparkDetection.detect(images().repartition(6), own.threshold(0.3)));
    assertEquals(before + 1, ExecutorDetectors.count());
  }

  @Test
  void aFilterAfterwardsDoesNotDetectTwice() {
    Dataset<Row> found =
        SparkDetection.detect(images(), codes())
            .filter("detection_error IS NULL AND size(detections) > 0")
            .select(col("path"), col("detections").getItem(0).getField("label"));
    assertEquals(1, runs(found));
    images().createOrReplaceTempView("images");
    assertEquals(
        1,
        runs(
            spark.sql(
                """
                SELECT path, found.detections, found.detection_error
                FROM (SELECT path, detr4j_detect(content) AS found FROM images)
                WHERE found.detection_error IS NULL AND size(found.detections) > 1
                """)));
  }

  /** How often the physical plan calls the function. */
  private static int runs(Dataset<Row> query) {
    return query.queryExecution().executedPlan().toString().split("detr4j_detect\\(", -1).length
        - 1;
  }

  @Test
  void theDefaultModelNeedsNoPath() throws Exception {
    assertEquals(
        Photos.found(plain, photos),
        Photos.lines(SparkDetection.detect(images(), DetectorOptions.defaults())));
  }

  @Test
  void anAddedArchiveIsTheModel() throws Exception {
    Path zip = folder.resolve("codes-model.zip");
    zip(CodesModel.folder(), zip);
    spark.sparkContext().addFile(zip.toString());
    assertEquals(
        Photos.found(plain, photos),
        Photos.lines(
            SparkDetection.detect(images(), DetectorOptions.defaults().model("codes-model.zip"))));
    // As `spark-submit --archives codes-model.zip#unpacked` does.
    spark.sparkContext().addArchive(zip + "#unpacked");
    assertEquals(
        Photos.found(plain, photos),
        Photos.lines(
            SparkDetection.detect(images(), DetectorOptions.defaults().model("unpacked"))));
  }

  static void zip(Path model, Path zip) throws Exception {
    try (ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(zip))) {
      for (Path file : Photos.in(model)) {
        out.putNextEntry(new ZipEntry(file.getFileName().toString()));
        Files.copy(file, out);
        out.closeEntry();
      }
    }
  }

  @Test
  void whatIsNotTheImagesFaultFailsTheJob() {
    assertFails(DetectorOptions.defaults().model("/models/none"), "/models/none");
    assertFails(
        DetectorOptions.defaults().model("none.zip"),
        "option model is none.zip, and this executor has no file of that name from --files, --archives or ADD FILE (there is no /");
    assertFails(codes().backend(BackendKind.CUDA), "cuda");
    assertFails(codes().classes("person"), "the model has no class \"person\"");
    Exception thrown =
        assertThrows(
            Exception.class,
            () ->
                images()
                    .select(SparkDetection.function(codes()).apply(col("path")))
                    .collectAsList());
    assertTrue(
        all(thrown)
            .contains("detr4j_detect takes the bytes of an image file, got a value of String"),
        () -> all(thrown));
  }

  private static void assertFails(DetectorOptions options, String reason) {
    Exception thrown =
        assertThrows(
            Exception.class, () -> SparkDetection.detect(images(), options).collectAsList());
    assertTrue(all(thrown).contains(reason), () -> all(thrown));
  }

  /** The messages of an exception and its causes. */
  private static String all(Throwable thrown) {
    List<String> messages = new ArrayList<>();
    for (Throwable each = thrown; each != null; each = each.getCause()) {
      messages.add(String.valueOf(each.getMessage()));
    }
    return String.join("\n", messages);
  }

  @Test
  void columnsAreChecked() {
    assertEquals(
        "the images have no column content of type binary; their columns are struct<path:string>",
        refusal(images().select("path")));
    assertEquals(
        "the images have a column detections already; drop or rename it",
        refusal(images().withColumn("Detections", lit(1))));
    assertEquals(
        "the images have no column content of type binary; their columns are struct<content:string>",
        refusal(images().select(col("path").as("content"))));
  }

  private static String refusal(Dataset<Row> images) {
    return assertThrows(
            IllegalArgumentException.class, () -> SparkDetection.detect(images, codes()))
        .getMessage();
  }

  @Test
  void sqlTakesTheSettingsOfItsSession() throws Exception {
    SparkSession session = spark.newSession();
    session.conf().set("spark.detr4j.model", CodesModel.folder().toString());
    session.read().format("binaryFile").load(photos.toString()).createOrReplaceTempView("photos");
    String all =
        "SELECT path, f.* FROM (SELECT path, detr4j_detect(content) AS f FROM photos) ORDER BY path";
    assertEquals(Photos.found(plain, photos), Photos.lines(session.sql(all)));
    session.sql("SET spark.detr4j.threshold=0.9").collect();
    session.sql("SET spark.detr4j.classes=aztec, qr_code").collect();
    assertEquals(
        Photos.lines(
            SparkDetection.detect(images(), codes().threshold(0.9).classes("qr_code", "aztec"))),
        Photos.lines(session.sql(all)));
    assertTrue(
        session
            .sql("DESCRIBE FUNCTION detr4j_detect")
            .collectAsList()
            .toString()
            .contains("detr4j_detect(content)"));
  }

  @Test
  void sqlRefusesWrongArgumentsAndSettings() {
    SparkSession session = spark.newSession();
    assertEquals(
        "detr4j_detect takes one argument of type binary, the bytes of an image file; got (string)",
        refusal(session, "SELECT detr4j_detect('photo.jpg')"));
    assertEquals(
        "detr4j_detect takes one argument of type binary, the bytes of an image file; got ()",
        refusal(session, "SELECT detr4j_detect()"));
    session.conf().set("spark.detr4j.treshold", "0.4");
    String said = refusal(session, "SELECT detr4j_detect(X'00')");
    assertTrue(said.startsWith("detr4j has no option treshold; there are model, "), said);
  }

  private static String refusal(SparkSession session, String query) {
    return assertThrows(IllegalArgumentException.class, () -> session.sql(query)).getMessage();
  }

  @Test
  void aRegisteredFunctionHasItsOwnOptions() throws Exception {
    SparkSession session = spark.newSession();
    session.conf().set("spark.detr4j.model", "/models/none");
    SparkDetection.register(session, "find_codes", codes());
    session.read().format("binaryFile").load(photos.toString()).createOrReplaceTempView("photos");
    assertEquals(
        Photos.found(plain, photos),
        Photos.lines(
            session.sql(
                "SELECT path, f.* FROM (SELECT path, find_codes(content) AS f FROM photos)")));
    assertEquals(
        "detr4j_detect comes from spark.sql.extensions in this session; register another name",
        assertThrows(IllegalStateException.class, () -> SparkDetection.register(session, codes()))
            .getMessage());
  }
}
