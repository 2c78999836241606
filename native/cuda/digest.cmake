# cmake -DFOLDER=<native/cuda> -DOUTPUT=<file> -P digest.cmake: writes which kernels these are, as a string of C: the first 16
# hexadecimal digits of the SHA-256 over name and content of every source of libdetr4j_cuda. VERIFIED.md names kernels by it.
# What only the emulation and the tests consist of does not count.
file(GLOB sources RELATIVE "${FOLDER}" "${FOLDER}/*.cu" "${FOLDER}/*.h" "${FOLDER}/kernels/*.cu" "${FOLDER}/kernels/*.h" "${FOLDER}/device.cmake"
  "${FOLDER}/../include/detr4j_cuda.h")
list(SORT sources)
set(all "")
foreach(source IN LISTS sources)
  file(SHA256 "${FOLDER}/${source}" digest)
  string(APPEND all "${source} ${digest}\n")
endforeach()
string(SHA256 digest "${all}")
string(SUBSTRING "${digest}" 0 16 digest)
file(WRITE "${OUTPUT}" "\"${digest}\"\n")
