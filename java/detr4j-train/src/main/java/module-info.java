/** Fine-tuning: matching, losses, recipes, data and the files of a run. */
@SuppressWarnings("module") // the module of the qualified export is compiled after this one
module dev.detr4j.train {
  requires com.fasterxml.jackson.core;
  requires transitive dev.detr4j.evaluation;
  requires org.snakeyaml.engine;
  requires transitive dev.detr4j;
  requires static transitive org.jspecify;

  exports dev.detr4j.train;
  exports dev.detr4j.train.augment;
  exports dev.detr4j.train.check;
  exports dev.detr4j.train.data;
  exports dev.detr4j.train.engine to
      dev.detr4j.parity;
  exports dev.detr4j.train.export;
  exports dev.detr4j.train.fault;
  exports dev.detr4j.train.finetune;
  exports dev.detr4j.train.head;
  exports dev.detr4j.train.loss;
  exports dev.detr4j.train.match;
  exports dev.detr4j.train.prepare;
  exports dev.detr4j.train.random;
  exports dev.detr4j.train.recipe;
  exports dev.detr4j.train.run;
}
