#pragma once
#include <curl/curl.h>

// libcurl's setters and getters are variadic, which Swift cannot call: one typed door for each kind of value.

static inline CURLcode parlor_curl_set_long(CURL *handle, CURLoption option, long value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode parlor_curl_set_string(CURL *handle, CURLoption option, const char *value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode parlor_curl_set_pointer(CURL *handle, CURLoption option, void *value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode parlor_curl_set_list(CURL *handle, CURLoption option, struct curl_slist *value) {
    return curl_easy_setopt(handle, option, value);
}

typedef size_t (*parlor_curl_transfer)(char *buffer, size_t size, size_t count, void *context);

static inline CURLcode parlor_curl_set_transfer(CURL *handle, CURLoption option, parlor_curl_transfer value) {
    return curl_easy_setopt(handle, option, value);
}

static inline long parlor_curl_connections_made(CURL *handle) {
    long count = 0;
    curl_easy_getinfo(handle, CURLINFO_NUM_CONNECTS, &count);
    return count;
}

/// The descriptor of the connection that the handle used last, or `CURL_SOCKET_BAD` where that is closed.
static inline curl_socket_t parlor_curl_socket(CURL *handle) {
    curl_socket_t socket = CURL_SOCKET_BAD;
    curl_easy_getinfo(handle, CURLINFO_ACTIVESOCKET, &socket);
    return socket;
}

/// The result of the transfer that is done, or -1 while none is.
static inline int parlor_curl_multi_result(CURLM *multi) {
    int left = 0;
    CURLMsg *message = curl_multi_info_read(multi, &left);
    return message && message->msg == CURLMSG_DONE ? (int)message->data.result : -1;
}

static inline CURLcode parlor_curl_resume(CURL *handle) { return curl_easy_pause(handle, CURLPAUSE_CONT); }

static inline size_t parlor_curl_read_pause(void) { return CURL_READFUNC_PAUSE; }
static inline size_t parlor_curl_read_abort(void) { return CURL_READFUNC_ABORT; }
