// What Java compares, after the ABI version, before it trusts this library: where the compiler put each field of the structs.
// The list of fields is written by jextract/generate.sh.
#include <cstddef>

#include "detr4j_cuda.h"

namespace {

#define STRUCT(type) {#type, 0, (int32_t)sizeof(type)},
#define FIELD(type, field) {#type "." #field, (int32_t)offsetof(type, field), (int32_t)sizeof(((type*)nullptr)->field)},
const detr4j_cuda_abi_field FIELDS[] = {
#include "abi_fields.inc"
};
constexpr int32_t COUNT = (int32_t)(sizeof(FIELDS) / sizeof(FIELDS[0]));

uint64_t with_byte(uint64_t hash, unsigned byte) { return (hash ^ (byte & 0xff)) * 0x100000001b3u; }

uint64_t with_number(uint64_t hash, int32_t number) {
  for (int shift = 0; shift < 32; shift += 8) hash = with_byte(hash, (uint32_t)number >> shift);
  return hash;
}

}  // namespace

extern "C" {

// The build computes it, see digest.cmake.
const char* detr4j_cuda_kernels(void) {
  return
#include "kernels_digest.inc"
      ;
}

const detr4j_cuda_abi_field* detr4j_cuda_abi_fields(void) { return FIELDS; }

int32_t detr4j_cuda_abi_field_count(void) { return COUNT; }

uint64_t detr4j_cuda_abi_hash(void) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (const detr4j_cuda_abi_field& field : FIELDS) {
    for (const char* c = field.name;; c++) {
      hash = with_byte(hash, (unsigned char)*c);
      if (*c == 0) break;
    }
    hash = with_number(with_number(hash, field.offset), field.size);
  }
  return hash;
}
}
