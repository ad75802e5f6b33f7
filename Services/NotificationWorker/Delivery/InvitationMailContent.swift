internal import Identifiers
private import Foundation

/// The words of an invitation's mail, as text and as HTML that mail readers of all ages lay out well: one table, styles
/// on the elements, nothing loaded from anywhere.
struct InvitationMailContent {
    var inviter: String
    var room: String
    var code: RoomCode
    var link: String
    var expiry: String
    var address: String
    var settings: String

    var text: String {
        """
        \(inviter) invites you to \(room).

        Accept the invitation and join:
        \(link)

        Room code: \(code)
        The link works once, for whoever holds it, until \(expiry).

        This mail went to \(address) because somebody entered this address. If you did not expect it,
        you can ignore it. If you have an account and want no such mail: \(settings)
        """
    }

    var html: String {
        let inviter = inviter.htmlEscaped
        let room = room.htmlEscaped
        let link = link.htmlEscaped
        return """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <meta name="supported-color-schemes" content="light dark">
            <title>\(inviter) invites you to \(room)</title>
            <style>
            a { color: #0f766e; }
            @media (prefers-color-scheme: dark) {
            .page { background: #12181b !important; }
            .card { background: #1c2529 !important; border-color: #2c383d !important; }
            .ink { color: #eef3f2 !important; }
            .soft { color: #9fb0b0 !important; }
            .code { background: #12181b !important; color: #eef3f2 !important; }
            .soft a { color: #5eead4 !important; }
            }
            @media (max-width: 480px) { .card { padding: 28px 22px !important; } }
            </style>
            </head>
            <body class="page" style="margin:0;padding:0;background:#f3f1ec;">
            <div style="display:none;max-height:0;overflow:hidden;">Join \(room) with one click.</div>
            <table role="presentation" class="page" width="100%" cellpadding="0" cellspacing="0" \
            style="background:#f3f1ec;">
            <tr><td align="center" style="padding:40px 16px;">
            <table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="max-width:520px;">
            <tr><td style="padding:0 4px 18px;\(Style.font)">
            <span class="ink" style="font-size:17px;font-weight:700;letter-spacing:.2px;color:#22302f;">
            <span style="color:#0f766e;">&#9679;</span> Parlor</span>
            </td></tr>
            <tr><td class="card" style="background:#ffffff;border:1px solid #e2ded5;border-radius:14px;\
            padding:40px 40px 36px;\(Style.font)">
            <p class="soft" style="margin:0 0 10px;font-size:15px;line-height:22px;color:#5d6b6a;">
            <b class="ink" style="color:#22302f;"><bdi>\(inviter)</bdi></b> invites you to</p>
            <h1 class="ink" style="margin:0 0 28px;font-size:27px;line-height:34px;font-weight:700;color:#22302f;\
            word-break:break-word;"><bdi>\(room)</bdi></h1>
            <table role="presentation" cellpadding="0" cellspacing="0"><tr>
            <td style="border-radius:9px;background:#0f766e;">
            <a href="\(link)" style="display:inline-block;padding:14px 30px;font-size:16px;line-height:20px;\
            font-weight:600;color:#ffffff;text-decoration:none;border-radius:9px;\(Style.font)">Join the room</a>
            </td></tr></table>
            <p class="soft" style="margin:28px 0 0;font-size:14px;line-height:22px;color:#5d6b6a;">
            Or use the room code
            <span class="code" style="font-family:ui-monospace,Menlo,Consolas,monospace;background:#f3f1ec;\
            color:#22302f;border-radius:5px;padding:2px 7px;white-space:nowrap;">\(code)</span><br>
            The button works once, for whoever holds it, until \(expiry.htmlEscaped).</p>
            </td></tr>
            <tr><td class="soft" style="padding:20px 4px 0;font-size:12px;line-height:19px;color:#5d6b6a;\(Style.font)">
            This mail went to \(address.htmlEscaped) because somebody entered this address. If you did not expect it, you
            can ignore it. You have an account and want no such mail?
            <a href="\(settings.htmlEscaped)">Change your settings</a>.
            </td></tr>
            </table>
            </td></tr>
            </table>
            </body>
            </html>
            """
    }

    private enum Style {
        static let font = "font-family:-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif;"
    }
}

extension String {
    /// Safe as the text of an element and as a quoted attribute.
    var htmlEscaped: String {
        var escaped = ""
        for character in unicodeScalars {
            switch character {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&#39;"
            default: escaped.unicodeScalars.append(character)
            }
        }
        return escaped
    }
}
