#pragma once
// epoll and eventfd are left out of Glibc's Swift module, and prctl is variadic, so this header brings them in.
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>

/// Names the calling thread; the kernel keeps 15 bytes.
static inline void parlor_name_thread(const char *name) { prctl(PR_SET_NAME, name); }
