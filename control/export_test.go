package control

// SetCaptureLeak chooses the way of captures whatever the server's version is.
func (c *Client) SetCaptureLeak(leak bool) { c.features.CaptureLeak = leak }

// ScratchDir is where the client's files are.
func (c *Client) ScratchDir() string { return c.scratch.dir }
