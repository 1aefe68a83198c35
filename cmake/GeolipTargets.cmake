# geolip_private_settings(target): what every target of this project is compiled with.
function(geolip_private_settings target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion)
  # GCC 12 sees overlapping copies in "text" + std::to_string(n) (its bug 105651). clang-tidy
  # reads the same command line and does not know that warning; GCC passes over the second flag.
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    target_compile_options(${target} PRIVATE -Wno-restrict -Wno-unknown-warning-option)
  endif()
  if(GEOLIP_WARNINGS_AS_ERRORS)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
  if(GEOLIP_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=${GEOLIP_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
    target_link_options(${target} PRIVATE -fsanitize=${GEOLIP_SANITIZE})
  endif()
endfunction()
