#define _GNU_SOURCE
#include <dlfcn.h>

#include "CImages.h"

const char *needletail_library_path(const void *address) {
  Dl_info information;
  return dladdr(address, &information) != 0 ? information.dli_fname : NULL;
}
