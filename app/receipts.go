package app

import (
	"io"
	"net/http"
	"time"

	"anlan/internal/exchange"
	"anlan/internal/kernel"
	"anlan/internal/outward"
	"anlan/internal/web"
)

// receiptsPath is where a system over HTTP says later what became of a record.
const receiptsPath = "/exchange/{system}/receipts"

const maxReceipt = 256 << 10 // bytes of a request

// receiptRoutes take the receipts that peers send later. Whoever calls is known
// by the signature alone.
func receiptRoutes(x *exchange.Exchange) []web.Route {
	take := func(r *web.Request) error {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return kernel.Bad("body", "length", "")
		}
		if err := x.TakeReceipt(r.Context(), r.PathValue("system"), r.Header.Get(outward.SignatureHeader), body); err != nil {
			return err
		}
		return r.NoContent()
	}
	return []web.Route{{Method: http.MethodPost, Path: receiptsPath, Permission: web.Public, Handler: take, Machine: true, MaxBody: maxReceipt,
		Limit: web.Limit{N: 600, Per: time.Minute}}}
}
