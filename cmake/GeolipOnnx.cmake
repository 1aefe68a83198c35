# geolip_use_onnx(target): ONNX's own protobuf definitions.
#
# The distributions' ONNXConfig.cmake asks for files that libonnx-dev does not install, so the header and the
# library are looked for directly. Debian and Ubuntu build the definitions with ONNX_ML and in namespace onnx;
# a build without ONNX_ML has onnx/onnx.pb.h instead of onnx/onnx-ml.pb.h.
find_path(GEOLIP_ONNX_INCLUDE_DIR onnx/onnx_pb.h)
find_library(GEOLIP_ONNX_PROTO_LIBRARY onnx_proto)
mark_as_advanced(GEOLIP_ONNX_INCLUDE_DIR GEOLIP_ONNX_PROTO_LIBRARY)
if(NOT GEOLIP_ONNX_INCLUDE_DIR OR NOT GEOLIP_ONNX_PROTO_LIBRARY)
  message(FATAL_ERROR "ONNX's protobuf definitions were not found: install libonnx-dev")
endif()

# A function and no imported target: the target's name would have to exist wherever a static geolip is used.
function(geolip_use_onnx target)
  target_include_directories(${target} SYSTEM PRIVATE ${GEOLIP_ONNX_INCLUDE_DIR})
  target_compile_definitions(${target} PRIVATE ONNX_NAMESPACE=onnx)
  if(EXISTS ${GEOLIP_ONNX_INCLUDE_DIR}/onnx/onnx-ml.pb.h)
    target_compile_definitions(${target} PRIVATE ONNX_ML=1)
  endif()
  target_link_libraries(${target} PRIVATE ${GEOLIP_ONNX_PROTO_LIBRARY} protobuf::libprotobuf)
endfunction()
