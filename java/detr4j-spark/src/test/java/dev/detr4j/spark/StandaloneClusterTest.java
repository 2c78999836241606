package dev.detr4j.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.detr4j.Detector;
import dev.detr4j.model.codes.CodesModel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.spark.ExecutorLostFailure;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.scheduler.SparkListenerTaskStart;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A real cluster: a master and two workers. */
@Timeout(300)
class StandaloneClusterTest {
  private static final int COUNT = 200;

  @TempDir private static Path folder;
  private static StandaloneCluster cluster;
  private static Path model;

  @BeforeAll
  static void start() throws Exception {
    cluster = new StandaloneCluster(folder);
    model = folder.resolve("codes.zip");
    SparkDetectionTest.zip(CodesModel.folder(), model);
  }

  @AfterAll
  static void stop() {
    cluster.close();
  }

  @Test
  void aKilledExecutorLosesAndDoublesNothing() throws Exception {
    Path photos = folder.resolve("photos");
    Photos.write(photos, COUNT);
    String output = folder.resolve("found").toString();
    Killer killer = new Killer();
    try (SparkSession spark =
        SparkSession.builder()
            .master(cluster.master())
            .config("spark.ui.enabled", false)
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.driver.bindAddress", "127.0.0.1")
            .config("spark.local.dir", folder.resolve("local").toString())
            .config("spark.executor.memory", "512m")
            .config("spark.executor.extraJavaOptions", StandaloneCluster.SHORT_LIFE)
            .config("spark.jars", String.join(",", cluster.jars()))
            // Else files that are added later do not reach the executors of a session.
            .config("spark.sql.artifact.isolation.enabled", false)
            .config("spark.sql.files.openCostInBytes", 0)
            .config("spark.sql.files.maxPartitionBytes", 200_000)
            .getOrCreate()) {
      spark.sparkContext().addFile(model.toString());
      spark.sparkContext().addSparkListener(killer);
      SparkDetection.detect(
              spark.read().format("binaryFile").load(photos.toString()),
              DetectorOptions.defaults().model("codes.zip"))
          .drop("content")
          .write()
          .parquet(output);
      assertEquals(List.of(), killer.failed);
      // In the middle: tasks had ended, one of the killed executor was running, others followed.
      assertTrue(killer.endedBefore.get() >= Killer.WAITS_FOR, killer::toString);
      assertTrue(killer.lost.contains(killer.victim), killer::toString);
      assertTrue(killer.endedAfter.get() > 2, killer::toString);
      assertEquals(COUNT, spark.read().parquet(output).count());
      try (Detector plain = Detector.builder(CodesModel.folder()).build()) {
        assertEquals(Photos.found(plain, photos), Photos.lines(spark.read().parquet(output)));
      }
    }
  }

  /** Kills an executor when it starts a task and some tasks have ended. */
  private static final class Killer extends SparkListener {
    static final int WAITS_FOR = 5;

    /** The executors that ran tasks when they were lost. */
    final List<String> lost = Collections.synchronizedList(new ArrayList<>());

    /** Why tasks failed that ran on living executors: none should. */
    final List<String> failed = Collections.synchronizedList(new ArrayList<>());

    final AtomicInteger endedBefore = new AtomicInteger();
    final AtomicInteger endedAfter = new AtomicInteger();
    volatile String victim = "";

    @Override
    public void onTaskStart(SparkListenerTaskStart task) {
      if (victim.isEmpty() && endedBefore.get() >= WAITS_FOR) {
        victim = task.taskInfo().executorId();
        cluster.executor(victim).destroyForcibly();
      }
    }

    @Override
    public void onTaskEnd(SparkListenerTaskEnd task) {
      if (task.reason() instanceof ExecutorLostFailure failure) {
        lost.add(failure.execId());
      } else if (!task.taskInfo().successful()) {
        failed.add(task.reason().toString());
      } else if (victim.isEmpty()) {
        endedBefore.incrementAndGet();
      } else {
        endedAfter.incrementAndGet();
      }
    }

    @Override
    public String toString() {
      return "killed \"%s\" after %s tasks, lost while running: %s, %s tasks after that"
          .formatted(victim, endedBefore, lost, endedAfter);
    }
  }

  @Test
  void sparkSubmitRunsTheProgramOfTheDocumentationAndSql() throws Exception {
    assumeTrue(
        Boolean.getBoolean("detr4j.test.long"),
        "spark-submit on a cluster takes another 15 to 70 s; -Ddetr4j.test.long=true runs it");
    Path photos = folder.resolve("few");
    Photos.write(photos, 6);
    String output = folder.resolve("few-found").toString();
    String sqlOutput = folder.resolve("few-found-by-sql").toString();
    Path ofSession = Files.copy(model, folder.resolve("of-session.zip"));
    Path program = cluster.jar(Path.of("target/test-classes"), "programs.jar", "Folder.class");
    Process submit =
        cluster
            .command(
                "org.apache.spark.deploy.SparkSubmit",
                List.of(
                    "--master",
                    cluster.master(),
                    "--conf",
                    "spark.ui.enabled=false",
                    "--conf",
                    "spark.driver.host=127.0.0.1",
                    "--conf",
                    "spark.driver.bindAddress=127.0.0.1",
                    "--conf",
                    "spark.executor.memory=512m",
                    "--conf",
                    "spark.sql.extensions=" + DetectorExtensions.class.getName(),
                    "--conf",
                    "spark.detr4j.model=codes.zip",
                    "--conf",
                    "spark.detr4j.threshold=0.4",
                    "--jars",
                    String.join(",", cluster.jars()),
                    "--files",
                    model.toString(),
                    "--class",
                    SqlThenFolder.class.getName(),
                    program.toString(),
                    photos.toString(),
                    output,
                    "codes.zip",
                    sqlOutput,
                    ofSession.toString()))
            .start();
    String said = new String(submit.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, submit.waitFor(), said);
    try (SparkSession spark = LocalSpark.start(folder);
        Detector plain = Detector.builder(CodesModel.folder()).threshold(0.4f).build()) {
      List<String> expected = Photos.found(plain, photos);
      assertEquals(expected, Photos.lines(spark.read().parquet(output)));
      assertEquals(expected, Photos.lines(spark.read().parquet(sqlOutput)));
    }
  }
}
