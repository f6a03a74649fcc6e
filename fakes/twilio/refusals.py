"""Twilio's error answers and what their codes mean (protocols.md 3.5 and 3.6)."""

TITLES = {
    14105: "Message statusCallback attribute Invalid",
    20001: "Invalid request",
    20003: "Authenticate",
    20404: "The requested resource was not found",
    20429: "Too Many Requests",
    20500: "Internal Server Error",
    20503: "Service unavailable",
    21211: "Invalid 'To' Phone Number",
    21266: "'To' and 'From' number cannot be the same",
    21408: "Permission to send an SMS has not been enabled for the region indicated by the 'To' number",
    21602: "Message body is required.",
    21603: "A 'From' phone number is required.",
    21604: "A 'To' phone number is required.",
    21606: "The 'From' phone number provided is not a valid message-capable Twilio phone number for this destination",
    21608: "The number is unverified. Trial accounts cannot send messages to unverified numbers",
    21609: "The 'StatusCallback' URL is not a valid URL.",
    21610: "Attempt to send to unsubscribed recipient",
    21611: "This 'From' number has exceeded the maximum number of queued messages",
    21612: "The 'To' phone number is not currently reachable via SMS",
    21614: "'To' number is not a valid mobile number",
    21617: "The concatenated message body exceeds the 1600 character limit",
    21619: "A text message body or media urls must be specified.",
    21620: "Invalid media URL(s)",
    21624: "Invalid validity period value",
    21703: "The Messaging Service does not have a phone number available to send a message",
    21704: "The Messaging Service contains no phone numbers",
    21705: "The Messaging Service Sid is invalid",
    30001: "Queue overflow",
    30003: "Unreachable destination handset",
    30005: "Unknown destination handset",
    30006: "Landline or unreachable carrier",
    30007: "Message filtered",
    30008: "Unknown error",
    30034: "Message from an Unregistered Number",
    30036: "Validity period expired",
    30409: "Message is not in a cancelable state",
    35111: "SendAt timestamp is missing",
    35115: "Scheduling does not support this timestamp",
    35118: "MessagingServiceSid is required to schedule a message",
}
STATUSES = {20003: 401, 20404: 404, 20429: 429, 20500: 500, 20503: 503}


class Refusal(Exception):
    """An API call Twilio turns down; nothing was created."""

    def __init__(self, code: int, message: str = "", status: int = 0) -> None:
        self.code = code
        self.message = message or TITLES.get(code, f"Error {code}")
        self.status = status or STATUSES.get(code, 400)

    def body(self) -> dict[str, int | str]:
        info = f"https://www.twilio.com/docs/errors/{self.code}"
        return {"code": self.code, "message": self.message, "more_info": info, "status": self.status}
