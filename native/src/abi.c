// What Java compares, after the ABI version, before it trusts this library: where the compiler put each field of the
// parameter structs. The list of fields, abi_fields.inc, is written by jextract/generate.sh; a field that is missing there
// shows up as a difference from the bindings.

#include "detr4j.h"

#include <stddef.h>

#define STRUCT(type) {#type, 0, (int32_t)sizeof(type)},
#define FIELD(type, field) {#type "." #field, (int32_t)offsetof(type, field), (int32_t)sizeof(((type *)0)->field)},

static const detr4j_abi_field fields[] = {
#include "abi_fields.inc"
};

#define FIELD_COUNT ((int32_t)(sizeof(fields) / sizeof(fields[0])))

const detr4j_abi_field *detr4j_abi_fields(void) { return fields; }

int32_t detr4j_abi_field_count(void) { return FIELD_COUNT; }

static uint64_t hash_byte(uint64_t hash, uint8_t byte) { return (hash ^ byte) * UINT64_C(0x100000001b3); }

static uint64_t hash_int32(uint64_t hash, int32_t value) {
  uint32_t bits = (uint32_t)value;
  for (int shift = 0; shift < 32; shift += 8) hash = hash_byte(hash, (uint8_t)(bits >> shift));
  return hash;
}

uint64_t detr4j_abi_hash(void) {
  uint64_t hash = UINT64_C(0xcbf29ce484222325);
  for (int32_t i = 0; i < FIELD_COUNT; i++) {
    const char *name = fields[i].name;
    do {
      hash = hash_byte(hash, (uint8_t)*name);
    } while (*name++ != 0);
    hash = hash_int32(hash, fields[i].offset);
    hash = hash_int32(hash, fields[i].size);
  }
  return hash;
}
