package blob

import (
	"encoding/binary"
	"errors"
	"io"
)

var errPicture = errors.New("blob: picture header")

// webpSize reads the first chunk of a WebP file: VP8 (RFC 6386, 9.1), VP8L or
// VP8X (RFC 9649, 2.5 to 2.7).
func webpSize(f io.ReaderAt) (w, h int, err error) {
	var b [30]byte
	if n, err := f.ReadAt(b[:], 0); n < len(b) {
		return 0, 0, err
	}
	switch string(b[12:16]) {
	case "VP8 ":
		if b[23] != 0x9d || b[24] != 0x01 || b[25] != 0x2a {
			return 0, 0, errPicture
		}
		return int(binary.LittleEndian.Uint16(b[26:]) & 0x3fff), int(binary.LittleEndian.Uint16(b[28:]) & 0x3fff), nil
	case "VP8L":
		if b[20] != 0x2f {
			return 0, 0, errPicture
		}
		bits := binary.LittleEndian.Uint32(b[21:])
		return int(bits&0x3fff) + 1, int(bits>>14&0x3fff) + 1, nil
	case "VP8X":
		return (int(b[24]) | int(b[25])<<8 | int(b[26])<<16) + 1, (int(b[27]) | int(b[28])<<8 | int(b[29])<<16) + 1, nil
	}
	return 0, 0, errPicture
}

// maxMeta bounds the meta box of a HEIC file that is read.
const maxMeta = 4 << 20

// heicSize finds the largest image spatial extent (ISO/IEC 23008-12, 6.5.3)
// in the meta box: that of the whole picture, which is put together from
// tiles.
func heicSize(f io.ReaderAt, size int64) (w, h int, err error) {
	meta, err := topBox(f, size, "meta")
	if err != nil || len(meta) < 4 {
		return 0, 0, errPicture
	}
	err = boxes(meta[4:], func(kind string, body []byte) error { // 4 bytes of version and flags
		if kind != "iprp" {
			return nil
		}
		return boxes(body, func(kind string, body []byte) error {
			if kind != "ipco" {
				return nil
			}
			return boxes(body, func(kind string, body []byte) error {
				if kind == "ispe" && len(body) >= 12 {
					ew, eh := int(binary.BigEndian.Uint32(body[4:])), int(binary.BigEndian.Uint32(body[8:]))
					if float64(ew)*float64(eh) > float64(w)*float64(h) {
						w, h = ew, eh
					}
				}
				return nil
			})
		})
	})
	return w, h, err
}

// topBox reads the body of the first box of a kind at the top of a file.
func topBox(f io.ReaderAt, size int64, kind string) ([]byte, error) {
	for at := int64(0); at+8 <= size; {
		var b [16]byte
		if n, err := f.ReadAt(b[:], at); n < 8 {
			return nil, err
		}
		length, head := int64(binary.BigEndian.Uint32(b[:])), int64(8)
		switch length {
		case 0:
			length = size - at
		case 1:
			length, head = int64(binary.BigEndian.Uint64(b[8:])), 16
		}
		if length < head || length > size-at {
			return nil, errPicture
		}
		if string(b[4:8]) == kind {
			if length > maxMeta {
				return nil, errPicture
			}
			body := make([]byte, length-head)
			_, err := io.ReadFull(io.NewSectionReader(f, at+head, length-head), body)
			return body, err
		}
		at += length
	}
	return nil, errPicture
}

// boxes calls fn for each box in b.
func boxes(b []byte, fn func(kind string, body []byte) error) error {
	for len(b) >= 8 {
		n := int64(binary.BigEndian.Uint32(b))
		if n == 0 {
			n = int64(len(b))
		}
		if n < 8 || n > int64(len(b)) {
			return errPicture
		}
		if err := fn(string(b[4:8]), b[8:n]); err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}
