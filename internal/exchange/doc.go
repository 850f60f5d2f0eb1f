// Package exchange hands records to the systems of the city and the nation
// and takes theirs: an outbox with receipts and retries over HTTP, and signed
// file packages for networks that are joined only by a 网闸, which carries
// files from one directory to another and nothing else.
//
// A room puts a record in its own words and in its own transaction. A field
// map, which is data, turns it into the words of the receiving system; what
// was sent is stored as it was sent. Every message ends accepted or rejected
// by the peer, and until then says where it stands. Records of one subject go
// out in the order in which they were put.
//
// Most systems that Anlan will be joined to have their data standards from
// the province or the city; the maps that ship here are marked 待省市规范
// until those are loaded, and name for each field how sure it is.
//
// Over HTTP every try of a message carries the same Idempotency-Key, so it is
// sent again whenever it is not known to have arrived. Packages are numbered
// without gaps and chained by hash; the receiver takes each number once, asks
// for those that are missing, and refuses those that were changed. docs/formats
// says what a package holds.
//
// Tables: exchange_messages (what goes out), exchange_packages (both ways),
// exchange_inbox (records taken). Retention: what has been accepted goes after
// two years; packages stay as numbers and hashes.
package exchange
