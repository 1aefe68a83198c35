/// \file
/// The emulated device's memory.
#pragma once

#include <cstddef>

namespace geolip::emulation {

/// Null where the memory in use would exceed memory_size(). Every byte is 0xff, so that numbers that were
/// never written are not numbers.
void* allocate(std::size_t bytes);
/// Takes the memory from the device's account, as work that comes later may have it.
void forget(void* memory);
/// Makes the memory fault from now on.
void destroy(void* memory);

/// 4 GB, or what GEOLIP_EMULATED_MEMORY says in bytes.
std::size_t memory_size();
std::size_t memory_in_use();
/// What other programs hold of it: nothing, or what GEOLIP_EMULATED_OTHERS says in bytes.
std::size_t memory_of_others();

}  // namespace geolip::emulation
