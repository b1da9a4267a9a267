// The target is its header; SwiftPM asks for a source file.
#include "needletail_files.h"
