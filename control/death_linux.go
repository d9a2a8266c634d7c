package control

import "syscall"

// dieWithParent has the kernel kill a control client whose process is killed. Otherwise it leaves by itself at the end of its input, but of
// thirty at once most stay for a while, and a kill-server meanwhile does not end (measured on tmux 3.3a).
func dieWithParent(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGKILL }
