// Package api is the supervisor's socket: the types that cross it, the HTTP handler, the client, and the life of the process behind it.
//
// It is HTTP with JSON over a Unix socket that serves its own user only. `isesh supervise --status` prints the socket's path:
//
//	s=$XDG_RUNTIME_DIR/isesh/0123456789abcdef.sock
//	curl --unix-socket $s http://isesh/v1/hello
//	curl --unix-socket $s http://isesh/v1/roles
//	curl --unix-socket $s 'http://isesh/v1/role?ref=shop/dev'
//	curl --unix-socket $s http://isesh/v1/send -d '{"to": "dev", "text": "TASK: add login"}'
//	curl --unix-socket $s http://isesh/v1/send -d '{"to": "dev", "text": "QUESTION: which port?", "id": "port-1", "owes": true}'
//	curl --unix-socket $s http://isesh/v1/wait -d '{"reply": "port-1", "timeout": "100s"}'
//	curl --unix-socket $s http://isesh/v1/broadcast -d '{"text": "STATUS: the build is broken", "team": "shop"}'
//	curl --unix-socket $s http://isesh/v1/register -d '{"name": "me", "mailbox": true}'
//	curl --unix-socket $s http://isesh/v1/inbox -d '{"of": "me", "peek": true}'
//	curl --unix-socket $s -X POST http://isesh/v1/inbox/pop
//	curl --unix-socket $s http://isesh/v1/approve -d '{"to": "dev", "option": "1"}'
//	curl --unix-socket $s http://isesh/v1/wait -d '{"targets": ["dev"], "states": ["idle"], "timeout": "1m"}'
//	curl --unix-socket $s 'http://isesh/v1/log?kinds=message,reply&tag=DONE&from=shop/dev&grep=login&said=true'
//	curl --unix-socket $s -N 'http://isesh/v1/log?follow=true&limit=10'
//	curl --unix-socket $s -N 'http://isesh/v1/events?role=dev&kinds=state,died&follow=true'
//
// The routes:
//
//	GET  /v1/hello             Hello
//	GET  /v1/roles             [Role]
//	GET  /v1/role?ref=         Role
//	GET  /v1/teams?name=       [Team]; all without a name
//	GET  /v1/message?id=       {"receipt": Receipt, "records": [roles.Record]}
//	GET  /v1/read?to=&lines=&colour=&join=    ReadResult; also POST of a ReadRequest
//	GET  /v1/whoami            WhoAmI
//	GET  /v1/log?role=&team=&id=&from=&to=&tag=&kinds=&thread=&grep=&since=&until=&limit=&said=&follow=    Entry, one a line
//	GET  /v1/events?role=&kinds=&since=&limit=&follow=    roles.Event, one a line
//	POST /v1/start             StartRequest: {"progress": "..."} lines, then {"result": StartResult} or {"error": Error}
//	POST /v1/stop              StopRequest: StopResult
//	POST /v1/restart           RestartRequest: [Role]
//	POST /v1/send              SendRequest: Receipt
//	POST /v1/reply             ReplyRequest: Receipt
//	POST /v1/broadcast         BroadcastRequest: BroadcastResult
//	POST /v1/inbox             InboxRequest: Inbox
//	POST /v1/inbox/pop         InboxRequest: Letter; an Error of the code nothing when there is none
//	POST /v1/inbox/clear       InboxRequest: InboxCleared
//	POST /v1/process           {}: ProcessResult
//	POST /v1/register          RegisterRequest: Role
//	POST /v1/unregister        RegisterRequest: {}
//	POST /v1/redact            RedactRequest: {}
//	POST /v1/hook              HookRequest: HookResult
//	POST /v1/approve           ActRequest: ActResult; the same for /v1/deny, /v1/respond and /v1/cancel
//	POST /v1/wait              WaitRequest: WaitResult
//	POST /v1/supervisor/stop   StopSupervisor: {}
//
// Every answer that is not 2xx is {"error": Error}; so is the last line of an answer in lines that failed on the way. Durations are strings as
// Go writes them ("1m30s"), times are RFC 3339, kinds a list with commas. A field or parameter that is not known is an error of the code usage, and so is
// a body of more than MaxBody.
//
// Who asks is found out from the socket. What only the client can know travels in headers, percent-encoded, each of which may be missing:
// Isesh-Dir (working directory), Isesh-Tmux ($TMUX), Isesh-Tmux-Pane ($TMUX_PANE), Isesh-Role ($ISESH_ROLE). With Isesh-Protocol the supervisor refuses, before
// it does anything, a client that it could misunderstand (status 426), and with Isesh-Build ("size time" of the binary) one that has a newer build, which is then
// expected to replace it. A supervisor that ends answers 503 with Isesh-Ending to what it did not begin: ask again, on a new
// connection.
//
// # One supervisor
//
// Listen makes a process the supervisor of a state directory and a tmux server, by a lock that it holds for life. Connect starts one where
// there is none, with SpawnDaemon, under a second lock, so that however many commands begin at once, one supervisor starts and all reach it.
// A supervisor that ends removes its socket, then answers all who reached it, then gives back the lock; whoever starts the next one waits for
// that. One that is replaced by a newer build becomes it by Exec and keeps both: connections made meanwhile wait in the kernel.
package api
