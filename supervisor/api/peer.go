package api

import (
	"context"
	"errors"
	"net"
	"os"
)

// errPeer says that the system does not tell who is at the other end.
var errPeer = errors.New("asking who is at the other end of the socket: not supported")

// peer is the process that connected, as the kernel knows it.
type peer struct {
	pid, uid int
}

type peerKey struct{}

// ConnContext notes who is at the other end of c, for Handler; it is an http.Server's ConnContext. A connection of another user, or of nobody
// known, is closed without a word.
func ConnContext(ctx context.Context, c net.Conn) context.Context {
	return connContext(ctx, c, os.Getuid())
}

func connContext(ctx context.Context, c net.Conn, uid int) context.Context {
	p, err := peerOf(c)
	if err != nil || p.uid != uid {
		c.Close()
		return ctx
	}
	return context.WithValue(ctx, peerKey{}, p)
}

// PeerPID returns the process that made the connection c of a Unix socket.
func PeerPID(c net.Conn) (int, error) {
	p, err := peerOf(c)
	return p.pid, err
}

// PeerUID returns the user whose process made the connection c of a Unix socket.
func PeerUID(c net.Conn) (int, error) {
	p, err := peerOf(c)
	return p.uid, err
}

func peerOf(c net.Conn) (peer, error) {
	u, ok := c.(*net.UnixConn)
	if !ok {
		return peer{}, errPeer
	}
	raw, err := u.SyscallConn()
	if err != nil {
		return peer{}, err
	}
	var p peer
	var askErr error
	if err := raw.Control(func(fd uintptr) { p, askErr = peerOfFD(int(fd)) }); err != nil {
		return peer{}, err
	}
	return p, askErr
}
