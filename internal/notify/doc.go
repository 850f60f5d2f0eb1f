// Package notify tells people what has happened: in the service hall or the
// console (in_app), by SMS, by e-mail, and other systems by webhook.
//
// A Notifier queues messages in the transaction of what happened, one row per
// recipient and channel; nothing outside sits in a request's path. A Post
// delivers what is queued, tries again with growing pauses, and keeps the
// outcome of each row, which is shown to the room it is about and to the
// operator.
//
// How often a message can arrive. A second message with the same Key is not
// queued. Right before the last byte that a peer needs, the row becomes
// "sending" and that is on disk; after the peer's answer it becomes "sent". A
// process that is killed, or a line that breaks, in between leaves it open
// whether the peer has the message:
//
//   - SMS gateways and webhooks get every try of a row with one
//     Idempotency-Key, so the row is sent again and a peer that keeps the
//     header's promise delivers once;
//   - SMTP has no such key, so the row becomes "unclear" and waits for the
//     operator, who asks or sends again: at most once without a person's word.
//     The Message-ID is the same in each try.
//
// Telephone numbers and addresses, and the arguments of messages that go
// outside, are stored under a person's key: the recipient's own when the
// sender names it, else one made for the message. Forget erases the latter
// after 180 days; the row with its outcome stays. Arguments of in_app messages
// are stored as they are and must not hold personal data.
//
// Tables: notify_messages. Retention: in_app messages go two years after they
// were written; the others stay without contact and arguments.
package notify
