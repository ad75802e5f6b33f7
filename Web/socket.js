// A socket that keeps itself alive: reconnects as the close codes say, resumes after the last entry it has seen, and
// tells honestly in which state it is.

const firstWait = 500, longestWait = 15_000;

/**
 * States, told to `onState`: `{name: "connecting"}`, `{name: "live"}`, `{name: "waiting", code, until}` (in milliseconds
 * of the clock), `{name: "stopped", code}` (a refusal that another attempt would meet again).
 */
export class Socket {
  /** @param path of the socket; @param token a function; @param after what to resume after, or undefined. */
  constructor({ path, token, after = () => undefined, onFrame, onState }) {
    Object.assign(this, { path, token, after, onFrame, onState });
    this.failures = 0;
    this.isClosed = false;
    this.wake = () => { if (document.visibilityState === "visible") this.retryNow(); };
    // The browser knows that the network is gone long before a missing answer tells.
    this.lose = () => { if (this.isLive) this.drop(this.socket); };
    addEventListener("online", this.wake);
    addEventListener("offline", this.lose);
    document.addEventListener("visibilitychange", this.wake);
    this.connect();
  }

  get isLive() { return this.state?.name === "live"; }

  connect() {
    clearTimeout(this.timer);
    this.set({ name: "connecting" });
    const socket = new WebSocket(new URL(this.path, location.href.replace(/^http/, "ws")), ["parlor.v1"]);
    this.socket = socket;
    // Neither a first frame nor a close within this time: as good as lost.
    this.watchdog = setTimeout(() => this.drop(socket), 20_000);
    socket.onopen = () => {
      const after = this.after();
      socket.send(JSON.stringify({ type: "hello", token: this.token(), ...(after === undefined ? {} : { after }) }));
    };
    socket.onmessage = (event) => {
      let frame;
      try { frame = JSON.parse(event.data); } catch { return; }
      if (socket !== this.socket) return;
      if (frame.type === "joined" || frame.type === "ready") this.opened(frame);
      if (frame.type === "pong") clearTimeout(this.watchdog);
      // The server says it is about to go, and when to be elsewhere.
      if (frame.type === "draining") setTimeout(() => this.reopen(socket), frame.reconnectAfterMs ?? 0);
      this.onFrame(frame);
    };
    socket.onclose = (event) => { if (socket === this.socket) this.lost(event.code); };
  }

  opened(frame) {
    clearTimeout(this.watchdog);
    this.failures = 0;
    this.set({ name: "live" });
    clearInterval(this.heart);
    this.heart = setInterval(() => this.ping(), Math.max(5_000, frame.heartbeatMs ?? 25_000));
  }

  ping() {
    const socket = this.socket;
    this.send({ type: "ping", id: "heart" });
    clearTimeout(this.watchdog);
    this.watchdog = setTimeout(() => this.drop(socket), 10_000);
  }

  /** Gives up on a connection that has gone silent, without waiting for the network to notice. */
  drop(socket) {
    if (socket !== this.socket || this.isClosed) return;
    this.socket = undefined;
    socket.close();
    this.lost(1006);
  }

  reopen(socket) {
    if (socket !== this.socket || this.isClosed) return;
    this.socket = undefined;
    socket.close();
    this.stopClocks();
    this.connect();
  }

  lost(code) {
    this.stopClocks();
    if (this.isClosed) return;
    if (code >= 4000 && code < 4100) return this.set({ name: "stopped", code });
    const isImmediate = code >= 4200 && code < 4300 && this.failures === 0;
    const limit = Math.min(longestWait, firstWait * 2 ** this.failures);
    const wait = isImmediate ? 0 : limit / 2 + Math.random() * limit / 2;
    this.failures += 1;
    this.set({ name: "waiting", code, until: Date.now() + wait });
    this.timer = setTimeout(() => this.connect(), wait);
  }

  /** Does not wait any longer. */
  retryNow() {
    if (this.state?.name === "waiting") this.connect();
  }

  /** Tries again after a refusal. */
  restart() {
    if (this.state?.name === "stopped") this.connect();
  }

  /** Whether the frame went out; it may still be lost. */
  send(frame) {
    if (this.socket?.readyState !== WebSocket.OPEN) return false;
    this.socket.send(JSON.stringify(frame));
    return true;
  }

  /** Says goodbye, so that the seat is free at once. */
  close() {
    this.isClosed = true;
    this.stopClocks();
    clearTimeout(this.timer);
    removeEventListener("online", this.wake);
    removeEventListener("offline", this.lose);
    document.removeEventListener("visibilitychange", this.wake);
    this.send({ type: "bye" });
    this.socket?.close();
  }

  stopClocks() {
    clearInterval(this.heart);
    clearTimeout(this.watchdog);
  }

  set(state) {
    this.state = state;
    this.onState(state);
  }
}
