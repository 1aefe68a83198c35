# CHOLMOD of SuiteSparse: its header, and the name by which the library of that version is loaded at run time.
find_path(GEOLIP_CHOLMOD_INCLUDE_DIR cholmod.h PATH_SUFFIXES suitesparse)
find_library(GEOLIP_CHOLMOD_LIBRARY cholmod)
mark_as_advanced(GEOLIP_CHOLMOD_INCLUDE_DIR GEOLIP_CHOLMOD_LIBRARY)
if(NOT GEOLIP_CHOLMOD_INCLUDE_DIR OR NOT GEOLIP_CHOLMOD_LIBRARY)
  message(FATAL_ERROR "CHOLMOD was not found (Debian and Ubuntu: libsuitesparse-dev)")
endif()
file(REAL_PATH ${GEOLIP_CHOLMOD_LIBRARY} _geolip_cholmod)
get_filename_component(_geolip_cholmod ${_geolip_cholmod} NAME)
# libcholmod.so.3.0.14 is loaded as libcholmod.so.3
string(REGEX REPLACE "(\\.so\\.[0-9]+).*" "\\1" GEOLIP_CHOLMOD_FILE ${_geolip_cholmod})
