/* For Ceph's gateway, by LD_PRELOAD: an ETag in quotes, as HTTP has it, is equal to the bare one that the gateway has stored.
 *
 * Ceph 16 compares what came with If-Match to the stored ETag by strncmp(), quotes and all, so that a put with the right
 * ETag is refused. Newer gateways, and others, accept it: with this library the tests meet such a one too. A comparison of a
 * quoted text with a bare one, over at least the 32 digits of an MD5 sum, is made without the quotes; all others are as ever.
 *
 *     cc -shared -fPIC -O2 -fno-builtin -o accept_quotes.so accept_quotes.c
 */
#include <stddef.h>

#define SHORTEST_TAG 32

int strncmp(const char *one, const char *other, size_t n)
{
    int is_quoted = n >= SHORTEST_TAG && one[0] == '"' && other[0] != '"' && other[0] != '\0';
    const unsigned char *a = (const unsigned char *)one + is_quoted;
    const unsigned char *b = (const unsigned char *)other;

    for (size_t i = 0; i < n; i++) {
        unsigned char ours = is_quoted && i >= SHORTEST_TAG && a[i] == '"' ? '\0' : a[i];
        if (ours != b[i])
            return ours < b[i] ? -1 : 1;
        if (ours == '\0')
            return 0;
    }
    return 0;
}
