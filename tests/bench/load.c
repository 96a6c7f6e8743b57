// SPDX-License-Identifier: BSL-1.0
// load.c - a light HTTP/1.1 load generator: one thread, one epoll loop.
//
// It costs less per request than the usual tools (no epoll_ctl per request, no
// parsing after the first response), so that one core of it can saturate one
// core of a server, and it reads the server's CPU time in the measured window,
// so a figure exists even where it cannot.
//
//   load -p PORT [-c CONNS] [-d DEPTH] [-t SECS] [-n REQUESTS] [-m MODE] [-r RATE]
//         [-u PATH] [-b OCTETS] [-P PID] [-S MS] [-w WARMUP_SECS] [-H "Name: value"] [-B] [-T]
//
// MODE keep   CONNS connections kept alive, DEPTH requests sent at once (default)
//      close  a new connection for each request ("Connection: close")
//      open   opens CONNS connections, sends one request on each, holds them SECS
//      ws     as keep, but of masked WebSocket messages of 32 octets that come back
// -b OCTETS   POST with a body of that many octets, a JSON document
// -T          over TLS (built with -DLOAD_TLS and OpenSSL)
// -r RATE     open loop: RATE requests a second, each timed from when it was due
// -P PID      sums the CPU time of PID and its descendants over the window
// -S MS       beside the load, one client that asks for /slow on a new connection,
//             again MS after each answer (its own times are left out)
// -B          the header fields of a browser (nine more, about 480 octets)
// One line of NAME=VALUE pairs is printed.  Only 127.0.0.0/8 is ever connected to.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#ifdef LOAD_TLS
#include <openssl/ssl.h>
#endif

static int port, conns = 64, depth = 1, slow_every = -1;
static double secs = 5, warm = 0.3, rate = 0;
static uint64_t limit = 0;
static const char *path = "/", *extra = "";
static int body = 0, websocket = 0, tls = 0;
static enum { KEEP, CLOSE, OPEN } mode = KEEP;
static pid_t server = 0;

struct conn {
  int fd, inflight, kind, connected;  // kind 1: the slow client
  uint64_t got;                       // octets of the batch received
  uint64_t due[64];                   // when each request was due (open loop: a queue)
  int due_head, due_n;
  uint64_t t0;
  uint64_t first;  // octets of the first response, close mode
};

static uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000ull + t.tv_nsec;
}

// Histogram: 64 sub-buckets an octave of microseconds/16.
#define SUB 64
static uint64_t hist[64 * SUB], hist_n, hist_max;
static void record(uint64_t ns) {
  uint64_t v = ns / 50 + 1;
  int o = 63 - __builtin_clzll(v);
  int sub = o >= 6 ? (v >> (o - 6)) & 63 : (v << (6 - o)) & 63;
  hist[o * SUB + sub]++;
  hist_n++;
  if (ns > hist_max) hist_max = ns;
}
static double quant(double q) {
  uint64_t want = q * hist_n, seen = 0;
  for (int i = 0; i < 64 * SUB; i++) {
    seen += hist[i];
    if (seen > want) {
      int o = i / SUB, sub = i % SUB;
      double v = (double)(1ull << o) * (1 + sub / 64.0);
      return v * 50 / 1000;
    }
  }
  return hist_max / 1000.0;
}

static char request[131072], batch[262144], slowreq[256], upgrade[512];
static size_t request_len, slow_len;
static char mark[16] = "HTTP/1.1 200";  // how each answer begins
static size_t mark_len = 12;
static uint64_t response_len;
static int ep;
static uint64_t reqs, errs, bad, window0, window1, opened;
static int counting;

static int new_fd(int blocking) {
  int one = 1;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | (blocking ? 0 : SOCK_NONBLOCK), 0);
  if (fd < 0) { perror("socket"); exit(1); }
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (mode == CLOSE) {  // spread over source addresses: ports in TIME_WAIT run out otherwise
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    struct sockaddr_in s = {.sin_family = AF_INET};
    s.sin_addr.s_addr = htonl(0x7f000000u | (2 + opened % 200));
    bind(fd, (void *)&s, sizeof s);
  }
  opened++;
  return fd;
}
static int dial(int fd) {
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
  a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return connect(fd, (void *)&a, sizeof a);
}

#ifdef LOAD_TLS
static SSL_CTX *tls_context;
static SSL *tls_of[1 << 17];  // by descriptor
static ssize_t put(int fd, const void *from, size_t n) {
  return tls ? SSL_write(tls_of[fd], from, n) : send(fd, from, n, MSG_NOSIGNAL);
}
static ssize_t get(int fd, void *into, size_t n) {
  if (!tls) return recv(fd, into, n, 0);
  int r = SSL_read(tls_of[fd], into, n);
  if (r > 0) return r;
  errno = EAGAIN;
  return SSL_get_error(tls_of[fd], r) == SSL_ERROR_WANT_READ ? -1 : 0;
}
static int secure(int fd) {
  if (!tls_of[fd]) {
    tls_of[fd] = SSL_new(tls_context);
  } else {
    SSL_clear(tls_of[fd]);
  }
  SSL_set_fd(tls_of[fd], fd);
  return SSL_connect(tls_of[fd]) == 1;
}
#else
static ssize_t put(int fd, const void *from, size_t n) { return send(fd, from, n, MSG_NOSIGNAL); }
static ssize_t get(int fd, void *into, size_t n) { return recv(fd, into, n, 0); }
static int secure(int fd) { (void)fd; return 0; }
#endif

// What comes before requests on a connection, done on a blocking one: TLS, the WebSocket handshake.
static int settle(int fd) {
  if (tls && !secure(fd)) return 0;
  if (!websocket) return 1;
  char b[2048];
  size_t n = 0;
  if (put(fd, upgrade, strlen(upgrade)) < 0) return 0;
  while (n < sizeof b - 1) {
    ssize_t r = get(fd, b + n, 1);  // not an octet of what follows
    if (r <= 0) return 0;
    b[n += r] = 0;
    if (n > 4 && !strcmp(b + n - 4, "\r\n\r\n")) break;
  }
  return !strncmp(b, "HTTP/1.1 101", 12);
}

// Sends one request on a blocking connection and learns the response's length.
static void calibrate(void) {
  for (int tries = 0; tries < 200; tries++) {
    int fd = new_fd(1);
    if (dial(fd)) { close(fd); usleep(20000); continue; }
    if (!settle(fd)) { fprintf(stderr, "the %s handshake failed\n", websocket ? "WebSocket" : "TLS"); exit(1); }
    static char b[1 << 20];
    size_t n = 0;
    for (int round = 0; round < 2; round++) {  // the second response is the measure
      n = 0;
      if (put(fd, request, request_len) < 0) { perror("send"); exit(1); }
      uint64_t want = 0;
      for (;;) {
        ssize_t r = get(fd, b + n, sizeof b - 1 - n);
        if (r <= 0) break;
        n += r;
        b[n] = 0;
        if (websocket && n >= 2 + 32) break;
        char *h = strstr(b, "\r\n\r\n");
        if (h && !want) {
          char *c = strcasestr(b, "content-length:");
          if (!c || c > h) { fprintf(stderr, "no Content-Length:\n%s\n", b); exit(1); }
          want = h + 4 - b + atol(c + 15);
        }
        if (want && n >= want) break;
      }
      if (mode == CLOSE) break;
    }
    close(fd);
    if (memcmp(b, mark, mark_len)) { fprintf(stderr, "not the answer wanted: %.80s\n", b); exit(1); }
    response_len = n;
    return;
  }
  fprintf(stderr, "no server on port %d\n", port);
  exit(1);
}

static uint64_t task_ns(pid_t pid) {
  char p[64];
  snprintf(p, sizeof p, "/proc/%d/task", pid);
  DIR *d = opendir(p);
  if (!d) return 0;
  uint64_t sum = 0;
  struct dirent *e;
  while ((e = readdir(d))) {
    if (e->d_name[0] == '.') continue;
    char q[128];
    snprintf(q, sizeof q, "/proc/%d/task/%.20s/schedstat", pid, e->d_name);
    FILE *f = fopen(q, "r");
    unsigned long long v;
    if (f) {
      if (fscanf(f, "%llu", &v) == 1) sum += v;
      fclose(f);
    }
  }
  closedir(d);
  return sum;
}
static uint64_t tree_ns(pid_t root) {  // root and its descendants
  static pid_t pid[4096], parent[4096];
  static char in[4096];
  int n = 0;
  DIR *d = opendir("/proc");
  struct dirent *e;
  while ((e = readdir(d)) && n < 4096) {
    if (e->d_name[0] < '1' || e->d_name[0] > '9') continue;
    char q[64], b[512];
    snprintf(q, sizeof q, "/proc/%.20s/stat", e->d_name);
    int fd = open(q, O_RDONLY);
    if (fd < 0) continue;
    ssize_t r = read(fd, b, sizeof b - 1);
    close(fd);
    if (r <= 0) continue;
    b[r] = 0;
    char *x = strrchr(b, ')');
    if (!x) continue;
    pid[n] = atoi(e->d_name);
    parent[n] = atoi(x + 4);
    in[n] = pid[n] == root;
    n++;
  }
  closedir(d);
  for (int again = 1; again;) {
    again = 0;
    for (int i = 0; i < n; i++)
      if (!in[i])
        for (int j = 0; j < n; j++)
          if (in[j] && pid[j] == parent[i]) { in[i] = 1; again = 1; }
  }
  uint64_t sum = 0;
  for (int i = 0; i < n; i++)
    if (in[i]) sum += task_ns(pid[i]);
  return sum;
}
static uint64_t self_ns(void) {
  struct rusage u;
  getrusage(RUSAGE_SELF, &u);
  return (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000000ull + (u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1000ull;
}

static struct conn *all;
static struct conn **idle;  // open loop, close mode
static int idle_n;

static void send_batch(struct conn *c, uint64_t t);
static void start_connect(struct conn *c) {
  int early = tls || websocket;
  c->fd = new_fd(early);
  c->connected = 0;
  c->got = 0;
  c->inflight = 0;
  int r = dial(c->fd);
  struct epoll_event e = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = c};
  if (early && r == 0) {
    r = settle(c->fd) ? 0 : (errno = ECONNABORTED, -1);
    fcntl(c->fd, F_SETFL, fcntl(c->fd, F_GETFL) | O_NONBLOCK);
  }
  if (r < 0 && errno != EINPROGRESS) {
    errs++;
    close(c->fd);
    c->fd = -1;
    return;
  }
  epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &e);
}
static void send_batch(struct conn *c, uint64_t t) {
  c->t0 = t;
  c->got = 0;
  c->inflight = depth;
  size_t n = request_len * depth;
  if (c->kind == 1) {
    c->inflight = 1;
    if (send(c->fd, slowreq, slow_len, MSG_NOSIGNAL) < 0) errs++;
    return;
  }
  if (put(c->fd, batch, n) != (ssize_t)n) errs++;
}
static void finish(int n, uint64_t ns_each) {
  if (!counting) return;
  reqs += n;
  for (int i = 0; i < n; i++) record(ns_each);
}

static uint64_t slow_next, due_next, slow_done;
static struct conn slow;

static void reopen(struct conn *c) {
  close(c->fd);
  c->fd = -1;
  c->connected = 0;
}

static char rbuf[262144];

static void on_event(struct conn *c, uint32_t ev, uint64_t t) {
  if (c->fd < 0) return;
  if (!c->connected) {
    if (ev & (EPOLLERR | EPOLLHUP)) {
      errs++;
      reopen(c);
      if (c->kind == 0 && mode == CLOSE && rate) idle[idle_n++] = c;
      else if (c->kind == 0) start_connect(c);
      else slow_next = t + 1000000ull * slow_every;
      return;
    }
    if (!(ev & EPOLLOUT)) return;
    c->connected = 1;
    if (mode == CLOSE || c->kind == 1) {
      uint64_t t0 = c->t0;
      send_batch(c, t);
      c->t0 = t0;
    } else if (!rate) {
      send_batch(c, t);
    }
    if (!(ev & EPOLLIN)) return;
  }
  if (!(ev & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))) return;
  int gone = 0;
  for (;;) {
    ssize_t r = get(c->fd, rbuf, sizeof rbuf);
    if (r > 0) {
      if (mode == KEEP && !c->kind) {
        // Each boundary that falls into this read is looked at.
        uint64_t off = c->got % response_len ? response_len - c->got % response_len : 0;
        for (; off + mark_len <= (uint64_t)r; off += response_len)
          if (memcmp(rbuf + off, mark, mark_len)) bad++;
      } else if (c->got == 0 && r >= 12 && memcmp(rbuf + 9, "200", 3)) bad++;
      c->got += r;
      if (mode == KEEP && !c->kind && c->got >= response_len * c->inflight) break;
      if (!tls && r < (ssize_t)sizeof rbuf && !(ev & (EPOLLRDHUP | EPOLLHUP))) break;
      continue;
    }
    if (r == 0) gone = 1;
    else if (errno != EAGAIN) { gone = 1; if (mode == KEEP) errs++; }
    break;
  }
  if (c->kind == 1) {
    if (gone) { slow_done++; reopen(c); slow_next = t + 1000000ull * slow_every; }
    return;
  }
  if (mode == CLOSE) {
    if (gone) {
      if (c->got < 16) errs++;
      else finish(1, t - c->t0);
      reopen(c);
      if (rate) idle[idle_n++] = c;
      else if (!limit || opened < limit + 1) { c->t0 = t; start_connect(c); }
    }
    return;
  }
  if (gone) {
    errs++;
    reopen(c);
    start_connect(c);
    return;
  }
  if (mode == OPEN) { if (c->inflight) { c->inflight = 0; finish(1, t - c->t0); } return; }
  if (c->inflight && c->got >= response_len * c->inflight) {
    if (rate) {
      finish(1, t - c->due[c->due_head]);
      c->due_head = (c->due_head + 1) % 64;
      c->due_n--;
      c->inflight = 0;
      if (c->due_n) send_batch(c, t);
    } else {
      finish(c->inflight, t - c->t0);
      send_batch(c, t);
    }
  }
}

int main(int argc, char **argv) {
  int o;
  while ((o = getopt(argc, argv, "p:c:d:t:n:m:r:u:b:P:S:w:H:BT")) != -1) {
    if (o == 'p') port = atoi(optarg);
    if (o == 'c') conns = atoi(optarg);
    if (o == 'd') depth = atoi(optarg);
    if (o == 't') secs = atof(optarg);
    if (o == 'n') limit = atoll(optarg);
    if (o == 'm') mode = !strcmp(optarg, "close") ? CLOSE : !strcmp(optarg, "open") ? OPEN : KEEP;
    if (o == 'm') websocket = !strcmp(optarg, "ws");
    if (o == 'b') body = atoi(optarg);
    if (o == 'T') tls = 1;
    if (o == 'r') rate = atof(optarg);
    if (o == 'u') path = optarg;
    if (o == 'P') server = atoi(optarg);
    if (o == 'S') slow_every = atoi(optarg);
    if (o == 'w') warm = atof(optarg);
    if (o == 'H') extra = optarg;
    if (o == 'B')
      extra = "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n"
              "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n"
              "Accept-Language: en-GB,en;q=0.7,de;q=0.3\r\nAccept-Encoding: gzip, deflate, br\r\nDNT: 1\r\n"
              "Cookie: session=0123456789abcdef0123456789abcdef; theme=dark\r\nUpgrade-Insecure-Requests: 1\r\n"
              "Sec-Fetch-Dest: document\r\nSec-Fetch-Mode: navigate";
  }
  if (!port || depth < 1 || depth > 64 || body < 0 || body > 65536) { fprintf(stderr, "usage: see the head of load.c\n"); return 2; }
  signal(SIGPIPE, SIG_IGN);
  struct rlimit rl;
  getrlimit(RLIMIT_NOFILE, &rl);
  rl.rlim_cur = rl.rlim_max;
  setrlimit(RLIMIT_NOFILE, &rl);
  if (tls) {
#ifdef LOAD_TLS
    tls_context = SSL_CTX_new(TLS_client_method());
#else
    fprintf(stderr, "built without TLS\n");
    return 2;
#endif
  }
  if (websocket) {
    snprintf(upgrade, sizeof upgrade, "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n", path);
    memcpy(request, "\x81\xa0\x11\x22\x33\x44", 6);
    for (int i = 0; i < 32; i++) request[6 + i] = 'a' ^ ("\x11\x22\x33\x44"[i % 4]);
    request_len = 6 + 32;
    memcpy(mark, "\x81\x20", mark_len = 2);
  } else {
    char length[64] = "";
    if (body) snprintf(length, sizeof length, "Content-Type: application/json\r\nContent-Length: %d\r\n", body);
    request_len = snprintf(request, sizeof request - 65536, "%s %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n%s%s%s%s\r\n",
                           body ? "POST" : "GET", path, port, extra, *extra ? "\r\n" : "", length,
                           mode == CLOSE ? "Connection: close\r\n" : "");
    if (body) {  // {"text":"xxx…"}
      memset(request + request_len, 'x', body);
      if (body >= 12) {
        memcpy(request + request_len, "{\"text\":\"", 9);
        memcpy(request + request_len + body - 2, "\"}", 2);
      }
      request_len += body;
    }
  }
  if (request_len * depth > sizeof batch) return 2;
  for (int i = 0; i < depth; i++) memcpy(batch + i * request_len, request, request_len);
  slow_len = snprintf(slowreq, sizeof slowreq, "GET /slow HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");
  calibrate();
  opened = 0;
  ep = epoll_create1(0);
  all = calloc(conns, sizeof *all);
  idle = calloc(conns + 1, sizeof *idle);
  uint64_t t = now_ns();
  for (int i = 0; i < conns; i++) {
    all[i].fd = -1;
    all[i].t0 = t;
    if (mode == CLOSE && rate) idle[idle_n++] = &all[i];
    else if (!(mode == CLOSE && limit && opened >= limit)) start_connect(&all[i]);
  }
  slow.kind = 1;
  slow.fd = -1;
  slow_next = t;
  uint64_t start = t + (uint64_t)((mode == OPEN || limit ? 0 : warm) * 1e9);
  uint64_t stop = start + (uint64_t)(secs * 1e9);
  uint64_t cpu0 = 0, cpu1 = 0, me0 = 0;
  due_next = t;
  uint64_t dropped = 0;
  int turn = 0;
  static struct epoll_event ev[1024];
  for (;;) {
    t = now_ns();
    if (!counting && t >= start) {
      if (server) cpu0 = tree_ns(server);
      me0 = self_ns();
      counting = 1;
      t = window0 = now_ns();
      stop = window0 + (uint64_t)(secs * 1e9);
    }
    if (t >= stop || (limit && reqs + errs >= limit)) break;
    struct timespec to = {0, 200000000};
    if (rate) {
      while (due_next <= t) {
        if (mode == CLOSE) {
          if (idle_n) {
            struct conn *c = idle[--idle_n];
            c->t0 = due_next;
            start_connect(c);
          } else dropped++;
        } else {
          struct conn *c = 0;
          for (int i = 0; i < conns; i++) {  // the next connection in turn, idle or not
            c = &all[turn++ % conns];
            if (c->connected) break;
          }
          if (c->connected && c->due_n < 64) {
            c->due[(c->due_head + c->due_n++) % 64] = due_next;
            if (c->due_n == 1) send_batch(c, t);
          } else dropped++;
        }
        due_next += (uint64_t)(1e9 / rate);
      }
      t = now_ns();
      uint64_t d = due_next > t ? due_next - t : 0;
      if (d < 200000000) to.tv_nsec = d;
    }
    if (slow_every >= 0 && slow.fd < 0) {
      if (slow_next <= t) start_connect(&slow);
      else if ((uint64_t)to.tv_nsec > slow_next - t) to.tv_nsec = slow_next - t;
    }
    if (stop - t < (uint64_t)to.tv_nsec) to.tv_nsec = stop - t;
    if (!counting && start - t < (uint64_t)to.tv_nsec) to.tv_nsec = start - t;
    int k = epoll_pwait2(ep, ev, 1024, &to, 0);
    t = now_ns();
    for (int i = 0; i < k; i++) on_event(ev[i].data.ptr, ev[i].events, t);
  }
  window1 = now_ns();
  if (server) cpu1 = tree_ns(server);
  double s = (window1 - window0) / 1e9;
  double cpu = (cpu1 - cpu0) / 1e9, me = (self_ns() - me0) / 1e9;
  printf("mode=%s conns=%d depth=%d secs=%.2f reqs=%llu rps=%.0f p50_us=%.1f p90_us=%.1f p99_us=%.1f p999_us=%.1f "
         "max_us=%.0f errs=%llu bad=%llu dropped=%llu cpu_us_per_req=%.3f server_cpu=%.2f client_cpu=%.2f resp=%llu slow=%llu\n",
         mode == KEEP ? "keep" : mode == CLOSE ? "close" : "open", conns, depth, s, (unsigned long long)reqs, reqs / s,
         quant(.5), quant(.9), quant(.99), quant(.999), hist_max / 1000.0, (unsigned long long)errs,
         (unsigned long long)bad, (unsigned long long)dropped, reqs ? cpu * 1e6 / reqs : 0, cpu / s, me / s,
         (unsigned long long)response_len, (unsigned long long)slow_done);
  return errs || bad ? 1 : 0;
}
