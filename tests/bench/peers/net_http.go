// SPDX-License-Identifier: BSL-1.0
// net_http PORT WORKERS: Go's own server; WORKERS threads run Go code.
package main

import (
	"net/http"
	"os"
	"runtime"
	"strconv"
)

func main() {
	workers, _ := strconv.Atoi(os.Args[2])
	runtime.GOMAXPROCS(workers)
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		w.Write([]byte("Hello from one process\n"))
	})
	http.ListenAndServe("127.0.0.1:"+os.Args[1], nil)
}
