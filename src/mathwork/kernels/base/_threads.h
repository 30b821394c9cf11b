/* Variables of which each thread has its own. */
#ifndef MATHWORK_THREADS_H
#define MATHWORK_THREADS_H

#if defined(_MSC_VER)
#  define THREAD_LOCAL static __declspec(thread)
#else
#  define THREAD_LOCAL static __thread
#endif

#endif
