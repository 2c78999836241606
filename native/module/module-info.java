// The C library of detr4j for one platform, a resource that dev.detr4j.ffi looks for. Nothing requires this module: an
// application on the module path names it with --add-modules dev.detr4j.natives, and jlink the same way.
open module dev.detr4j.natives {}
