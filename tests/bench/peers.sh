# SPDX-License-Identifier: BSL-1.0
# shellcheck shell=sh disable=SC2154  # sourced by tests/bench/run, which sets here, out and workers
# Sets `peers` to NAME=COMMAND words for pairs.py: other servers that do the same work, as far as they are
# installed; what is left out is said. PEERS names those wanted (PEERS= : none).

peers=
add_peer() { peers="$peers
$1"; }
wanted() { case " ${PEERS-beast nginx haproxy h2o lighttpd node go uws} " in *" $1 "*) ;; *) return 1 ;; esac }
left_out() { echo "$1: left out, $2"; }

peer_beast() {
  wanted beast || return 0
  [ "$workers" = 1 ] || { left_out beast 'it is one process'; return 0; }
  cmake --build build/release --target cluster_bench_textbook_beast >>"$out/build.log" 2>&1 ||
    { left_out beast "it does not build, see $out/build.log"; return 0; }
  add_peer "beast=build/release/tests/bench/cluster_bench_textbook_beast {port}"
}

peer_nginx() {
  wanted nginx || return 0
  command -v nginx >/dev/null 2>&1 || { left_out nginx 'it is not installed'; return 0; }
  root=$PWD/$out/nginx-hello
  mkdir -p "$root"
  cat >"$root/nginx.conf" <<CONF
daemon off;
worker_processes $workers;
pid $root/pid;
error_log $root/error.log;
events { worker_connections 8192; }
http {
  access_log off;
  keepalive_requests 1000000000;
  client_body_temp_path $root; proxy_temp_path $root; fastcgi_temp_path $root; uwsgi_temp_path $root; scgi_temp_path $root;
  server { listen 127.0.0.1:@PORT@ reuseport; default_type text/plain; location / { return 200 "Hello, World!\n"; } }
}
CONF
  cat >"$root/start" <<START
#!/bin/sh
sed "s/@PORT@/\$1/" "$root/nginx.conf" >"$root/nginx-\$1.conf"
exec nginx -e "$root/error.log" -p "$root" -c "$root/nginx-\$1.conf"
START
  chmod +x "$root/start"
  add_peer "nginx=$root/start {port}"
}

# It answers by itself, without a server behind it.
peer_haproxy() {
  wanted haproxy || return 0
  command -v haproxy >/dev/null 2>&1 || { left_out haproxy 'it is not installed'; return 0; }
  cat >"$out/haproxy.conf" <<'CONF'
global
  nbthread "$WORKERS"
  maxconn 8192
defaults
  mode http
  timeout client 60s
  timeout http-keep-alive 60s
frontend hello
  bind "127.0.0.1:$PORT"
  http-request return status 200 content-type text/plain string "Hello, World!\n"
CONF
  add_peer "haproxy=env WORKERS=$workers PORT={port} haproxy -db -f $out/haproxy.conf"
}

# These two serve a small file.
hello_file() { mkdir -p "$out/hello" && printf 'Hello, World!\n' >"$out/hello/index.txt"; }

peer_h2o() {
  wanted h2o || return 0
  command -v h2o >/dev/null 2>&1 || { left_out h2o 'it is not installed'; return 0; }
  hello_file
  cat >"$out/h2o-start" <<START
#!/bin/sh
cat >"$out/h2o-\$1.conf" <<CONF
num-threads: $workers
max-connections: 8192
error-log: $PWD/$out/h2o.log
hosts:
  default:
    listen: { host: 127.0.0.1, port: \$1 }
    paths: { "/": { file.dir: $PWD/$out/hello, file.index: [index.txt] } }
CONF
exec h2o -c "$out/h2o-\$1.conf"
START
  chmod +x "$out/h2o-start"
  add_peer "h2o=$out/h2o-start {port}"
}

peer_lighttpd() {
  wanted lighttpd || return 0
  command -v lighttpd >/dev/null 2>&1 || { left_out lighttpd 'it is not installed'; return 0; }
  hello_file
  lighttpd_workers=
  [ "$workers" = 1 ] || lighttpd_workers="server.max-worker = $workers"
  cat >"$out/lighttpd.conf" <<CONF
server.document-root = "$PWD/$out/hello"
server.bind = "127.0.0.1"
server.port = env.PORT
server.max-keep-alive-requests = 1000000000
server.max-fds = 16384
server.errorlog = "$PWD/$out/lighttpd.log"
index-file.names = ( "index.txt" )
mimetype.assign = ( ".txt" => "text/plain" )
$lighttpd_workers
CONF
  add_peer "lighttpd=env PORT={port} lighttpd -D -f $out/lighttpd.conf"
}

peer_node() {
  wanted node || return 0
  command -v node >/dev/null 2>&1 || { left_out node 'it is not installed'; return 0; }
  add_peer "node=node $here/peers/node_cluster.js {port} $workers"
}

peer_go() {
  wanted go || return 0
  command -v go >/dev/null 2>&1 || { left_out go 'it is not installed'; return 0; }
  GO111MODULE=off GOCACHE=$PWD/$out/go-cache go build -o "$out/net_http" "$here/peers/net_http.go" >>"$out/build.log" 2>&1 ||
    { left_out go "it does not build, see $out/build.log"; return 0; }
  add_peer "go=$out/net_http {port} $workers"
}

# Built once, asked twice.
built_uws() {
  [ -n "${UWS-}" ] || { left_out uWebSockets 'UWS names no checkout of it'; return 1; }
  [ "$workers" = 1 ] || { left_out uWebSockets 'it is one process here'; return 1; }
  [ ! "$out/uwebsockets" -nt "$here/peers/uwebsockets.cpp" ] || return 0
  for source in "$UWS"/uSockets/src/*.c "$UWS"/uSockets/src/eventing/epoll_kqueue.c; do
    cc -O3 -DLIBUS_NO_SSL -I"$UWS/uSockets/src" -c -o "$out/uws-$(basename "$source").o" "$source" >>"$out/build.log" 2>&1 ||
      { left_out uWebSockets "it does not build, see $out/build.log"; return 1; }
  done
  c++ -std=c++20 -O3 -DUWS_NO_ZLIB -DLIBUS_NO_SSL -I"$UWS/src" -I"$UWS/uSockets/src" -o "$out/uwebsockets" \
    "$here/peers/uwebsockets.cpp" "$out"/uws-*.o >>"$out/build.log" 2>&1 ||
    { left_out uWebSockets "it does not build, see $out/build.log"; return 1; }
}

peer_uws() {
  wanted uws || return 0
  ! built_uws || add_peer "uws=$out/uwebsockets {port}"
}

find_peers() {
  peer_beast
  peer_nginx
  peer_haproxy
  peer_h2o
  peer_lighttpd
  peer_node
  peer_go
  peer_uws
}

# Those who do a kind of work beside the hello; the first is what the others are measured against.
find_kind_peers() { # MODE
  peers=
  case $1 in
    large) add_peer "floor=$out/floor -b 65536 -w $workers -p {port}" ;;
    json) add_peer "floor=$out/floor -b 200 -w $workers -p {port}" ;;
    post | async | pool) add_peer "floor=$out/floor -w $workers -p {port}" ;;
    ws)
      if cmake --build build/release --target cluster_bench_textbook_websocket >>"$out/build.log" 2>&1; then
        add_peer "beast=build/release/tests/bench/cluster_bench_textbook_websocket {port}"
      else
        left_out beast "it does not build, see $out/build.log"
      fi ;;
    tls) kind_nginx_tls ;;
  esac
  kind_ours=build/release/tests/bench/cluster_bench_kinds
  case $1 in
    tls) add_peer "cluster=$kind_ours --log-level error --listen 127.0.0.1:{port}+tls --tls-certificate $out/tls.pem --tls-key $out/tls.key --workers $workers" ;;
    *) add_peer "cluster=$kind_ours --log-level error --listen 127.0.0.1:{port} --workers $workers" ;;
  esac
  if wanted node && [ "$1" != ws ] && [ "$1" != pool ]; then
    if command -v node >/dev/null 2>&1; then
      kind_files=
      [ "$1" != tls ] || kind_files="$out/tls.pem $out/tls.key"
      add_peer "node=node $here/peers/node_kinds.js {port} $workers $kind_files"
    else
      left_out node 'it is not installed'
    fi
  fi
  case $1 in
    large | post | ws) peer_uws ;;
  esac
}

# A certificate for the bench, and nginx with it.
kind_nginx_tls() {
  [ -f "$out/tls.key" ] ||
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost -days 3650 \
      -keyout "$out/tls.key" -out "$out/tls.pem" >>"$out/build.log" 2>&1
  peer_nginx
  [ -n "$peers" ] || return 0
  root=$PWD/$out/nginx-hello
  sed -e 's/ reuseport;/ ssl reuseport;/' \
    -e "s|http {|http { ssl_certificate $PWD/$out/tls.pem; ssl_certificate_key $PWD/$out/tls.key; ssl_protocols TLSv1.3;|" \
    "$root/nginx.conf" >"$root/nginx-tls.conf"
  sed "s|$root/nginx.conf|$root/nginx-tls.conf|" "$root/start" >"$root/start-tls"
  chmod +x "$root/start-tls"
  peers=
  add_peer "nginx=$root/start-tls {port}"
}
