internal import CCurl
internal import Glibc

/// How libcurl ended a transfer.
struct CurlResult: Equatable {
    let code: CURLcode

    var isSuccess: Bool { code == CURLE_OK }

    /// The endings libcurl uses when a server's reply was a no. The others are troubles of the connection, whatever was
    /// said on it before.
    var canBeRefusal: Bool {
        [
            CURLE_SEND_ERROR, CURLE_WEIRD_SERVER_REPLY, CURLE_LOGIN_DENIED, CURLE_REMOTE_ACCESS_DENIED,
            CURLE_USE_SSL_FAILED, CURLE_RECV_ERROR, CURLE_UPLOAD_FAILED, CURLE_AUTH_ERROR,
        ].contains(code)
    }
}

/// libcurl's pool of connections, driven from the thread that made it.
final class CurlConnections {
    private let multi: UnsafeMutableRawPointer

    init?() {
        guard CurlLibrary.isReady, let multi = curl_multi_init() else { return nil }
        self.multi = multi
    }

    deinit { curl_multi_cleanup(multi) }

    func add(_ request: CurlRequest) { curl_multi_add_handle(multi, request.handle) }
    func remove(_ request: CurlRequest) { curl_multi_remove_handle(multi, request.handle) }

    /// Does what can be done; `wait` sleeps first until there is something to do, a quarter of a second at most.
    /// - Returns: how the transfer ended, once it has.
    func step(wait: Bool) -> CurlResult? {
        if wait { curl_multi_poll(multi, nil, 0, 250, nil) }
        var running: Int32 = 0
        curl_multi_perform(multi, &running)
        let result = parlor_curl_multi_result(multi)
        return result < 0 ? nil : CurlResult(code: CURLcode(UInt32(result)))
    }
}

/// One mail on its way: a libcurl handle with everything it points to.
final class CurlRequest {
    let handle: UnsafeMutableRawPointer
    let transfer: SMTPTransfer
    private let recipients: UnsafeMutablePointer<curl_slist>?
    private let errorText: UnsafeMutablePointer<CChar>

    init?(
        _ configuration: SMTPConfiguration, transfer: SMTPTransfer, from: MailAddress, to: MailAddress, isFresh: Bool
    ) {
        guard let handle = curl_easy_init() else { return nil }
        self.handle = handle
        self.transfer = transfer
        recipients = curl_slist_append(nil, "<\(to)>")
        errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        configure(configuration)
        set(CURLOPT_MAIL_FROM, "<\(from)>")
        _ = parlor_curl_set_list(handle, CURLOPT_MAIL_RCPT, recipients)
        set(CURLOPT_FRESH_CONNECT, isFresh ? 1 : 0)
        attachCallbacks()
    }

    deinit {
        curl_easy_cleanup(handle)
        curl_slist_free_all(recipients)
        errorText.deallocate()
    }

    func resume() { _ = parlor_curl_resume(handle) }

    /// Breaks the connection, for one whose next words would be taken for the answer to something else. libcurl would keep
    /// it, and wait for a goodbye.
    func hangUp() {
        let socket = parlor_curl_socket(handle)
        if socket != CURL_SOCKET_BAD { shutdown(socket, Int32(SHUT_RDWR)) }
    }

    var usedNewConnection: Bool { parlor_curl_connections_made(handle) > 0 }

    /// What went wrong, in libcurl's words.
    func problem(_ result: CurlResult) -> String {
        let detail = String(cString: errorText)
        return HeaderEncoding.flattened(detail.isEmpty ? String(cString: curl_easy_strerror(result.code)) : detail)
    }

    private func configure(_ configuration: SMTPConfiguration) {
        set(CURLOPT_URL, configuration.transferURL)
        set(CURLOPT_PROTOCOLS_STR, "smtp,smtps")
        set(CURLOPT_PROXY, "")
        set(CURLOPT_NOSIGNAL, 1)
        set(CURLOPT_UPLOAD, 1)
        set(CURLOPT_TCP_NODELAY, 1)
        set(CURLOPT_CONNECTTIMEOUT_MS, configuration.connectTimeout.wholeMilliseconds)
        set(CURLOPT_TIMEOUT_MS, configuration.deadline.wholeMilliseconds)
        set(CURLOPT_SERVER_RESPONSE_TIMEOUT, max(1, configuration.deadline.wholeMilliseconds / 1000))
        set(CURLOPT_MAXAGE_CONN, max(1, configuration.idleLimit.wholeMilliseconds / 1000))
        if let user = configuration.user {
            set(CURLOPT_USERNAME, user)
            set(CURLOPT_PASSWORD, configuration.password ?? "")
        }
        if let authorities = configuration.authorities { set(CURLOPT_CAINFO, authorities) }
        switch configuration.security {
        case .never: set(CURLOPT_USE_SSL, Int(CURLUSESSL_NONE.rawValue))
        case .offered:
            set(CURLOPT_USE_SSL, Int(CURLUSESSL_TRY.rawValue))
            set(CURLOPT_SSL_VERIFYPEER, 0)
            set(CURLOPT_SSL_VERIFYHOST, 0)
        case .required, .implicit: set(CURLOPT_USE_SSL, Int(CURLUSESSL_ALL.rawValue))
        }
    }

    private func attachCallbacks() {
        let context = Unmanaged.passUnretained(transfer).toOpaque()
        _ = parlor_curl_set_pointer(handle, CURLOPT_ERRORBUFFER, errorText)
        _ = parlor_curl_set_pointer(handle, CURLOPT_READDATA, context)
        _ = parlor_curl_set_transfer(handle, CURLOPT_READFUNCTION) { buffer, size, count, context in
            guard let buffer, let context else { return parlor_curl_read_abort() }
            let transfer = Unmanaged<SMTPTransfer>.fromOpaque(context).takeUnretainedValue()
            return transfer.read(into: UnsafeMutableRawBufferPointer(start: buffer, count: size * count))
        }
        _ = parlor_curl_set_pointer(handle, CURLOPT_HEADERDATA, context)
        _ = parlor_curl_set_transfer(handle, CURLOPT_HEADERFUNCTION) { buffer, size, count, context in
            guard let buffer, let context else { return 0 }
            let transfer = Unmanaged<SMTPTransfer>.fromOpaque(context).takeUnretainedValue()
            let octets = UnsafeRawBufferPointer(start: buffer, count: size * count)
            transfer.received(String(decoding: octets, as: UTF8.self))
            return size * count
        }
    }

    private func set(_ option: CURLoption, _ value: String) { _ = parlor_curl_set_string(handle, option, value) }
    private func set(_ option: CURLoption, _ value: Int) { _ = parlor_curl_set_long(handle, option, value) }
}

private enum CurlLibrary {
    /// Set up once a process; libcurl asks for that before any thread uses it.
    static let isReady = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK
}

extension Duration {
    fileprivate var wholeMilliseconds: Int {
        Int(components.seconds) * 1000 + Int(components.attoseconds / 1_000_000_000_000_000)
    }
}
