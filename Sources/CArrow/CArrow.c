// The target is its header; a target of C needs a source file.
#include "arrow_c_data.h"
