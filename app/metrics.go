package app

import (
	"net/http"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"anlan/internal/db"
)

// Metrics are the counters that /metrics shows.
type Metrics struct {
	Registry *prometheus.Registry // rooms add theirs
	requests *prometheus.HistogramVec
}

// NewMetrics returns the counters of Go, of the process and of requests.
func NewMetrics() *Metrics {
	m := &Metrics{
		Registry: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "anlan_http_request_seconds",
			Help:    "Time from request to answer.",
			Buckets: []float64{.001, .0025, .005, .01, .03, .1, .3, 1, 3, 10},
		}, []string{"route", "status"}),
	}
	m.Registry.MustRegister(m.requests, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), buildInfo())
	return m
}

func buildInfo() prometheus.Collector {
	commit := ""
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				commit = s.Value
			}
		}
	}
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "anlan_build_info", Help: "1, labelled by the commit.", ConstLabels: prometheus.Labels{"commit": commit},
	}, func() float64 { return 1 })
}

// Observe counts one answered request; route is the pattern, never the path.
func (m *Metrics) Observe(route string, status int, took time.Duration) {
	m.requests.WithLabelValues(route, strconv.Itoa(status/100)+"xx").Observe(took.Seconds())
}

// Handler shows the counters in Prometheus's text form.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.Registry, promhttp.HandlerOpts{})
}

// watch adds the counters of a database handle.
func (m *Metrics) watch(handle string, d *db.DB) {
	labels := prometheus.Labels{"handle": handle, "engine": string(d.Engine())}
	counter := func(name, help string, read func() int64) {
		m.Registry.MustRegister(prometheus.NewCounterFunc(
			prometheus.CounterOpts{Name: "anlan_db_" + name + "_total", Help: help, ConstLabels: labels},
			func() float64 { return float64(read()) }))
	}
	s := d.Stats()
	counter("transactions", "Committed transactions.", s.Transactions.Load)
	counter("retries", "Transactions run again after losing against a rival.", s.Retries.Load)
	counter("commits", "Commits that reached the disk, each of one or more transactions.", s.Groups.Load)
	counter("reruns", "Transactions run again because the engine ended their group.", s.Reruns.Load)
	counter("slow", "Transactions that held the writer for more than 50 ms.", s.Slow.Load)
	m.Registry.MustRegister(prometheus.NewGaugeFunc(
		prometheus.GaugeOpts{Name: "anlan_db_connections_in_use", Help: "Connections in use.", ConstLabels: labels},
		func() float64 { return float64(d.Pool().InUse) }))
	m.Registry.MustRegister(prometheus.NewCounterFunc(
		prometheus.CounterOpts{Name: "anlan_db_connection_wait_seconds_total", Help: "Time spent waiting for a connection.", ConstLabels: labels},
		func() float64 { return d.Pool().WaitDuration.Seconds() }))
}
