// SPDX-License-Identifier: BSL-1.0
// floor.c - the floor that a server on this kernel can be measured against.
//
// One epoll loop a process, N processes on one TCP port of 127.0.0.1.  For each
// readable connection: one recv, a scan for the ends of header blocks, one send
// of as many constant responses as there were requests.  No parsing beyond that.
//
//   floor -p PORT [-w WORKERS (0: no fork)] [-s SCHEME] [-a N] [-1] [-H] [-b OCTETS]
//
// SCHEME (how the processes share the port):
//   lt        one shared listening socket, level-triggered            (default)
//   et        one shared listening socket, edge-triggered, accept until EAGAIN
//             (what Asio does)
//   excl      one shared listening socket, EPOLLEXCLUSIVE
//   rot       as excl, and DEL+ADD after an accept (moves to the queue's tail)
//   nexcl     as excl, in an epoll of its own inside the worker's (what a guest of Asio's
//             reactor can have)
//   thread    a thread a worker blocks in accept and adds to the worker's epoll
//   oneshot   one shared listening socket, EPOLLONESHOT, re-armed after accept
//   reuseport a listening socket each, SO_REUSEPORT
//   dispatch  the parent accepts and passes each connection by SCM_RIGHTS, in turn
//   least     as dispatch, to the worker with the fewest open connections
// -a N   accepts tried at one wake-up (0: until EAGAIN)
// -1     try a recv at once after the accept (saves a wait when the request is there)
// -H     "GET /slow" blocks the worker 200 ms; "GET /who" answers the worker's number
// -b N   responses with that many octets of content (up to 64 KiB)
// The parent prints a line of per-worker counts at SIGUSR1 and at SIGTERM.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum scheme { LT, ET, EXCL, ROT, NEXCL, THREAD, ONESHOT, REUSEPORT, DISPATCH, LEAST };
static const char *names[] = {"lt", "et", "excl", "rot", "nexcl", "thread", "oneshot", "reuseport", "dispatch", "least", 0};
static enum scheme scheme = LT;
static int workers = 1, port = 0, accepts = 0, first_recv = 0, special = 0;

struct counts { uint64_t accepted, requests, wakes, empty; int64_t open; char pad[88]; };
static struct counts *counts;

#define HEAD                                                                    \
  "HTTP/1.1 200 OK\r\nServer: floor\r\nDate: Sat, 21 Nov 2026 00:00:00 GMT\r\n" \
  "Content-Type: text/plain\r\nContent-Length: %d\r\n\r\n"
static int content = 13;
static char resp1[65536 + 1024];
static size_t resp1_len;
static char *respN;  // 64 copies
#define MAXPIPE 64

struct conn { int fd; uint32_t have; char buf[16384 - 8]; };
static struct conn **table;  // by fd, reused
static int table_size = 1 << 17;

static void die(const char *s) { perror(s); exit(1); }

static int listen_on(int p, int reuseport) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;
  if (fd < 0) die("socket");
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (reuseport) setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
  int room = 1 << 20;  // one send takes a whole response
  if (content > 4096) setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(p)};
  a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(fd, (void *)&a, sizeof a) || listen(fd, 4096)) die("bind/listen");
  return fd;
}

static void drop(struct conn *c, struct counts *n) {
  close(c->fd);
  n->open--;
  c->have = 0;
}

// Returns 0 when the connection is gone.
static int serve(int ep, struct conn *c, struct counts *n, int id) {
  (void)ep;
  ssize_t r = recv(c->fd, c->buf + c->have, sizeof c->buf - c->have, 0);
  if (r <= 0) {
    if (r < 0 && errno == EAGAIN) return 1;
    drop(c, n);
    return 0;
  }
  c->have += r;
  int k = 0, close_after = 0;
  char *p = c->buf, *end = c->buf + c->have;
  for (;;) {
    char *q = memmem(p, end - p, "\r\n\r\n", 4);
    if (!q) break;
    if (special) {
      if (!memcmp(p, "GET /slow", 9)) usleep(200000);
    }
    // "Connection: close": only the last 40 octets of a block are looked at.
    if (q - p > 17 && memmem(q - 17, 17, "ection: close", 13)) close_after = 1;
    p = q + 4;
    k++;
  }
  c->have = end - p;
  if (c->have && p != c->buf) memmove(c->buf, p, c->have);
  n->requests += k;
  while (k > 0) {
    int m = k > MAXPIPE ? MAXPIPE : k;
    if (special && m == 1) {
      char t[256];
      int l = snprintf(t, sizeof t, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n%02d", id);
      if (send(c->fd, t, l, MSG_NOSIGNAL) < 0) { drop(c, n); return 0; }
    } else if (send(c->fd, respN, m * resp1_len, MSG_NOSIGNAL) < 0) {
      drop(c, n);
      return 0;
    }
    k -= m;
  }
  if (close_after) { drop(c, n); return 0; }
  return 1;
}

static struct conn *conn_of(int fd) {
  struct conn *c = table[fd];
  if (!c) c = table[fd] = malloc(sizeof *c);
  c->fd = fd;
  c->have = 0;
  return c;
}

static void add_conn(int ep, int fd, struct counts *n, int id) {
  struct conn *c = conn_of(fd);
  n->accepted++;
  n->open++;
  if (first_recv && !serve(ep, c, n, id)) return;
  struct epoll_event e = {.events = EPOLLIN | EPOLLRDHUP, .data.ptr = c};
  if (epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e)) drop(c, n);
}

static void arm(int ep, int op, int lfd) {
  struct epoll_event e = {.events = EPOLLIN, .data.ptr = 0};
  if (scheme == ET) e.events |= EPOLLET;
  if (scheme == EXCL || scheme == ROT || scheme == NEXCL) e.events |= EPOLLEXCLUSIVE;
  if (scheme == ONESHOT) e.events |= EPOLLONESHOT;
  if (epoll_ctl(ep, op, lfd, &e)) die("epoll_ctl listen");
}

struct acceptor { int ep, lfd, id; };
static void *accept_thread(void *p) {
  struct acceptor *a = p;
  fcntl(a->lfd, F_SETFL, fcntl(a->lfd, F_GETFL) & ~O_NONBLOCK);
  for (;;) {
    int fd = accept4(a->lfd, 0, 0, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) { counts[a->id].wakes++; add_conn(a->ep, fd, &counts[a->id], a->id); }
  }
  return 0;
}

static void worker(int id, int lfd, int chan) {
  struct counts *n = &counts[id];
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  table = calloc(table_size, sizeof *table);
  int ep = epoll_create1(EPOLL_CLOEXEC);
  if (scheme == REUSEPORT) lfd = listen_on(port, 1);
  if (chan >= 0) {
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = 0};
    epoll_ctl(ep, EPOLL_CTL_ADD, chan, &e);
  } else if (scheme == THREAD) {
    struct acceptor *a = malloc(sizeof *a);
    *a = (struct acceptor){ep, lfd, id};
    pthread_t t;
    pthread_create(&t, 0, accept_thread, a);
  } else if (scheme == NEXCL) {
    int in = epoll_create1(EPOLL_CLOEXEC);
    arm(in, EPOLL_CTL_ADD, lfd);
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = 0};
    epoll_ctl(ep, EPOLL_CTL_ADD, in, &e);
  } else {
    arm(ep, EPOLL_CTL_ADD, lfd);
  }
  static struct epoll_event ev[512];
  for (;;) {
    int k = epoll_wait(ep, ev, 512, -1);
    for (int i = 0; i < k; i++) {
      struct conn *c = ev[i].data.ptr;
      if (c) {
        serve(ep, c, n, id);
        continue;
      }
      n->wakes++;  // (nexcl: the inner epoll is level-triggered, so it need not be asked)
      int got = 0;
      if (chan >= 0) {
        for (;;) {
          char byte[8];
          struct iovec v = {byte, sizeof byte};
          char ctl[CMSG_SPACE(sizeof(int))];
          struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = ctl, .msg_controllen = sizeof ctl};
          ssize_t r = recvmsg(chan, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
          if (r <= 0) break;
          struct cmsghdr *h = CMSG_FIRSTHDR(&m);
          if (!h) continue;
          int fd;
          memcpy(&fd, CMSG_DATA(h), sizeof fd);
          got++;
          add_conn(ep, fd, n, id);
          if (accepts && got >= accepts) break;
        }
      } else {
        for (;;) {
          int fd = accept4(lfd, 0, 0, SOCK_NONBLOCK | SOCK_CLOEXEC);
          if (fd < 0) break;
          got++;
          add_conn(ep, fd, n, id);
          if (accepts && got >= accepts) break;
        }
        if (scheme == ROT && got) {
          epoll_ctl(ep, EPOLL_CTL_DEL, lfd, 0);
          arm(ep, EPOLL_CTL_ADD, lfd);
        }
        if (scheme == ONESHOT) arm(ep, EPOLL_CTL_MOD, lfd);
      }
      if (!got) n->empty++;
    }
  }
}

static volatile sig_atomic_t told, stop;
static void on_usr1(int s) { (void)s; told = 1; }
static void on_term(int s) { (void)s; stop = 1; }

static void report(void) {
  for (int i = 0; i < workers; i++)
    printf("worker %d accepted %llu requests %llu wakes %llu empty %llu open %lld\n", i,
           (unsigned long long)counts[i].accepted, (unsigned long long)counts[i].requests,
           (unsigned long long)counts[i].wakes, (unsigned long long)counts[i].empty,
           (long long)counts[i].open);
  fflush(stdout);
}

int main(int argc, char **argv) {
  int o;
  while ((o = getopt(argc, argv, "p:w:s:a:1Hb:")) != -1) {
    if (o == 'p') port = atoi(optarg);
    if (o == 'w') workers = atoi(optarg);
    if (o == 'a') accepts = atoi(optarg);
    if (o == 'b') content = atoi(optarg);
    if (o == '1') first_recv = 1;
    if (o == 'H') special = 1;
    if (o == 's') {
      int i = 0;
      while (names[i] && strcmp(names[i], optarg)) i++;
      if (!names[i]) { fprintf(stderr, "no scheme %s\n", optarg); return 2; }
      scheme = i;
    }
  }
  if (!port) { fprintf(stderr, "usage: floor -p PORT [-w N] [-s SCHEME] [-a N] [-1] [-H] [-b OCTETS]\n"); return 2; }
  if (content < 0 || content > 65536) { fprintf(stderr, "-b takes 0 to 65536\n"); return 2; }
  resp1_len = sprintf(resp1, HEAD, content);
  for (int i = 0; i < content; i++) resp1[resp1_len++] = "Hello, World!"[i % 13];
  respN = malloc(MAXPIPE * resp1_len);
  for (int i = 0; i < MAXPIPE; i++) memcpy(respN + i * resp1_len, resp1, resp1_len);
  counts = mmap(0, 4096 * 4, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  int lfd = scheme == REUSEPORT ? -1 : listen_on(port, 0);
  if (!workers) worker(0, lfd, -1);  // in this process: for callgrind and strace
  int chan[64][2];
  int dispatching = scheme == DISPATCH || scheme == LEAST;
  for (int i = 0; i < workers; i++) {
    chan[i][0] = chan[i][1] = -1;
    if (dispatching) socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, chan[i]);
    pid_t pid = fork();
    if (pid < 0) die("fork");
    if (!pid) {
      if (dispatching) close(lfd);
      worker(i, lfd, chan[i][1]);
      _exit(0);
    }
    if (dispatching) close(chan[i][1]);
  }
  struct sigaction a = {.sa_handler = on_usr1};
  sigaction(SIGUSR1, &a, 0);
  a.sa_handler = on_term;
  sigaction(SIGTERM, &a, 0);
  sigaction(SIGINT, &a, 0);
  if (!dispatching && lfd >= 0) close(lfd);
  int turn = 0;
  while (!stop) {
    if (told) { told = 0; report(); }
    if (!dispatching) { poll(0, 0, 50); continue; }
    struct pollfd p = {.fd = lfd, .events = POLLIN};
    if (poll(&p, 1, 50) <= 0) continue;
    for (;;) {
      int fd = accept4(lfd, 0, 0, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) break;
      int to = turn++ % workers;
      if (scheme == LEAST) {
        for (int i = 0; i < workers; i++)
          if (counts[i].open < counts[to].open) to = i;
      }
      char byte = 0;
      struct iovec v = {&byte, 1};
      char ctl[CMSG_SPACE(sizeof(int))];
      struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = ctl, .msg_controllen = sizeof ctl};
      struct cmsghdr *h = CMSG_FIRSTHDR(&m);
      h->cmsg_level = SOL_SOCKET;
      h->cmsg_type = SCM_RIGHTS;
      h->cmsg_len = CMSG_LEN(sizeof fd);
      memcpy(CMSG_DATA(h), &fd, sizeof fd);
      if (sendmsg(chan[to][0], &m, 0) < 0) perror("sendmsg");
      close(fd);
    }
  }
  report();  // the workers go with their parent
  return 0;
}
