// The page's beginning: who is signed in, which view is open, and what comes over the status socket.

import { Api } from "./api.js";
import { h, fill } from "./dom.js";
import { icon } from "./icons.js";
import { forgetInvitationToken, forgetSession, readSession, takeInvitationToken } from "./session.js";
import { Socket } from "./socket.js";
import { home } from "./views/home.js";
import { notifications } from "./views/notifications.js";
import { Room } from "./views/room.js";
import { settings } from "./views/settings.js";
import { Sidebar } from "./views/sidebar.js";
import { signIn } from "./views/signin.js";
import { attempt, toast } from "./views/toast.js";

const root = document.getElementById("app");

class App {
  constructor(session) {
    this.session = session;
    this.api = new Api(session.token, () => this.signOut("You have been signed out. Please sign in again."));
    this.rooms = undefined;
    this.unread = new Map();
    this.invitations = [];
    this.unreadNotifications = 0;
    this.main = h("main", { class: "main", id: "main" });
    this.sidebar = new Sidebar(this);
    this.element = h("div", { class: "shell" }, this.sidebar.element, this.main);
    fill(root, this.element);
    this.onHash = () => this.route();
    addEventListener("hashchange", this.onHash);
    this.status = new Socket({
      path: "/ws/status", token: () => this.api.token,
      onFrame: (frame) => this.told(frame), onState: (state) => this.statusIs(state),
    });
    this.sidebar.draw();
    this.begin();
  }

  async begin() {
    const token = takeInvitationToken();
    if (token) {
      forgetInvitationToken();
      const answer = await attempt(() => this.api.acceptToken(token));
      if (answer) { toast("Welcome!"); this.go(`#/r/${answer.room.roomId}`); }
    }
    this.route();
    this.refresh();
  }

  /** Reads again what the lists show. */
  async refresh() {
    const [rooms, unread, invitations, told] = await Promise.all([
      this.api.rooms(), this.api.unread(), this.api.invitations(), this.api.notifications(),
    ].map((call) => call.catch(() => undefined)));
    if (rooms) this.rooms = rooms.items;
    if (unread) this.unread = new Map(unread.items.map((item) => [item.roomId, item.unreadCount]));
    if (invitations) this.invitations = invitations.items;
    if (told) this.unreadNotifications = told.unreadCount;
    this.rooms ??= [];
    this.draw();
  }

  /** Not more than once in a while, however much happens. */
  refreshSoon() {
    this.refreshTimer ??= setTimeout(() => { this.refreshTimer = undefined; this.refresh(); }, 700);
  }

  /** The same for what is unread alone, which changes far more often. */
  countSoon() {
    this.countTimer ??= setTimeout(async () => {
      this.countTimer = undefined;
      const unread = await this.api.unread().catch(() => undefined);
      if (!unread) return;
      this.unread = new Map(unread.items.map((item) => [item.roomId, item.unreadCount]));
      this.draw();
    }, 700);
  }

  told(frame) {
    switch (frame.type) {
    case "ready": return this.refreshSoon();
    case "notification": toast(frame.notification.title); return this.refreshSoon();
    case "invitation": return this.refreshSoon();
    case "unread_changed": return frame.roomId === this.current ? undefined : this.countSoon();
    case "match_found": toast("You have a match."); this.refreshSoon(); return this.go(`#/r/${frame.room.roomId}`);
    case "mutual_like": return toast("You like each other.");
    case "room_banned": toast("You were banned from a room.", "error"); return this.refreshSoon();
    }
  }

  statusIs(state) {
    if (state.name !== "stopped") return;
    if (state.code === 4001) this.signOut("You have been signed out. Please sign in again.");
    if (state.code === 4002) this.signOut("This account is banned.");
  }

  draw() {
    this.sidebar.draw();
    this.drawTitle();
  }

  noteRead(code) {
    if (!this.unread.get(code)) return;
    this.unread.set(code, 0);
    this.draw();
  }

  /** How much is unread stands in the tab's title, for whoever looks elsewhere. */
  drawTitle() {
    let count = this.room?.unseen ?? 0;
    for (const [code, unread] of this.unread) if (code !== this.current) count += unread;
    const room = this.room?.state.room, name = room ? room.name ?? room.roomId : undefined;
    document.title = [count ? `(${count > 99 ? "99+" : count})` : "", name ? `${name} · Parlor` : "Parlor"].join(" ").trim();
  }

  go(hash) {
    if (location.hash === hash) this.route(); else location.hash = hash;
  }

  route() {
    if (/^#token=/.test(location.hash)) return this.begin();
    const code = location.hash.match(/^#\/r\/([a-z]{3}-[a-z]{4}-[a-z]{3})$/)?.[1];
    if (code && this.room?.code === code) return;
    this.room?.close();
    this.room = undefined;
    this.current = code;
    this.element.classList.toggle("in-view", Boolean(code) || /^#\/?(settings|notifications|discover)$/.test(location.hash));
    if (code) this.room = new Room(this, code, this.main);
    else if (/^#\/?settings$/.test(location.hash)) this.page(settings);
    else if (location.hash === "#/notifications") this.page(notifications);
    else this.page(home);
    this.draw();
  }

  page(view) {
    const body = h("div", {});
    fill(this.main, h("div", {}, h("a", { class: "icon back floating", href: "#/", "aria-label": "Back to the rooms" }, icon("back")), body));
    view(this, body);
  }

  signOut(note) {
    if (this.isOver) return;
    this.isOver = true;
    removeEventListener("hashchange", this.onHash);
    this.room?.close();
    this.status.close();
    forgetSession();
    welcome(note);
  }
}

function welcome(note) {
  const token = takeInvitationToken();
  signIn(root, {
    note: note ?? (token ? "You are invited. Say who you are, and you are in." : undefined),
    onSignedIn: (session) => new App(session),
  });
}

const session = readSession();
if (session) new App(session); else welcome();
