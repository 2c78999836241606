package dev.detr4j.spring;

import dev.detr4j.Detector;
import dev.detr4j.DetectorBuilder;
import dev.detr4j.micrometer.DetectorMetrics;
import io.micrometer.core.instrument.binder.MeterBinder;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/**
 * Opens a {@link Detector} when {@code detr4j.model} is set and the application has none of its
 * own, and closes it with the application. With {@code detr4j-micrometer} on the class path, its
 * metrics are bound too.
 */
@AutoConfiguration
@ConditionalOnProperty("detr4j.model")
@EnableConfigurationProperties(DetectorProperties.class)
public class DetectorAutoConfiguration {
  /** Made by Spring. */
  public DetectorAutoConfiguration() {}

  /** The detector of the properties. */
  @Bean(destroyMethod = "close")
  @ConditionalOnMissingBean
  public Detector detector(
      DetectorProperties properties, ObjectProvider<DetectorBuilderCustomizer> customizers) {
    DetectorBuilder builder = properties.builder();
    customizers.orderedStream().forEach(each -> each.customize(builder));
    Detector detector = builder.build();
    try {
      properties.warmUp(detector);
      return detector;
    } catch (Throwable e) {
      detector.close();
      throw e;
    }
  }

  /** Metrics, where Micrometer is there. */
  @Configuration(proxyBeanMethods = false)
  @ConditionalOnClass({MeterBinder.class, DetectorMetrics.class})
  static class Metrics {
    @Bean
    @ConditionalOnMissingBean
    DetectorMetrics detectorMetrics(Detector detector) {
      return new DetectorMetrics(detector);
    }
  }
}
