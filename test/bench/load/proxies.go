package main

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"regexp"
	"sync"
	"time"
)

// Stand-ins for the two socket proxies that people write in Go, for machines that cannot download them: no copies, but
// built from the same parts of the standard library with the same settings, so that a request costs what it costs there.
// Neither authenticates anybody. What they write for a request at their usual level is for one that they refuse alone.

func serveProxy(address string, server *http.Server, handler http.HandlerFunc) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		log.Fatal(err)
	}
	server.Handler = handler
	log.Fatal(server.Serve(listener))
}

// reverseProxy is built like wollomatic/socket-proxy: the caller's address is held against a list, the path against one
// regular expression for its method, and httputil.ReverseProxy carries the rest over a transport with Go's defaults.
func reverseProxy(address, socket string) {
	target, _ := url.Parse("http://localhost")
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.Transport = &http.Transport{
		DialContext: func(context.Context, string, string) (net.Conn, error) { return net.Dial("unix", socket) },
	}
	const callers = "127.0.0.1/32"
	allowed := map[string]*regexp.Regexp{
		"GET":  regexp.MustCompile(`^(?:(/v1\.[0-9]+)?/(_ping|version|info|events|containers/.*|images/.*|exec/.*))$`),
		"HEAD": regexp.MustCompile(`^(?:(/v1\.[0-9]+)?/_ping)$`),
		"POST": regexp.MustCompile(`^(?:(/v1\.[0-9]+)?/(containers/.*|images/.*|exec/.*))$`),
	}
	serveProxy(address, &http.Server{}, func(response http.ResponseWriter, request *http.Request) {
		host, _, err := net.SplitHostPort(request.RemoteAddr)
		_, network, _ := net.ParseCIDR(callers) // It reads its list for every request.
		pattern, known := allowed[request.Method]
		switch {
		case err != nil || !network.Contains(net.ParseIP(host)):
			refuse(response, request, http.StatusForbidden)
		case !known:
			refuse(response, request, http.StatusMethodNotAllowed)
		case !pattern.MatchString(request.URL.Path):
			refuse(response, request, http.StatusForbidden)
		default:
			proxy.ServeHTTP(response, request)
		}
	})
}

// roundTrip is built like hectorm/cetusguard: method and target are held against a list of rules one by one, the request
// goes straight to a transport, and its answer is copied and flushed write by write.
func roundTrip(address, socket string) {
	dialer := &net.Dialer{Timeout: 30 * time.Second, KeepAlive: 90 * time.Second}
	transport := &http.Transport{
		MaxIdleConns:          10,
		MaxIdleConnsPerHost:   10,
		IdleConnTimeout:       90 * time.Second,
		ExpectContinueTimeout: time.Second,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, "unix", socket)
		},
	}
	rules := makeRules()
	server := &http.Server{
		ReadTimeout:       2 * time.Hour,
		ReadHeaderTimeout: 10 * time.Second,
		WriteTimeout:      2 * time.Hour,
		IdleTimeout:       90 * time.Second,
	}
	serveProxy(address, server, func(response http.ResponseWriter, request *http.Request) {
		for _, rule := range rules {
			if rule.methods[request.Method] && rule.pattern.MatchString(request.URL.RequestURI()) {
				if err := carry(transport, response, request); err != nil {
					log.Print(err)
				}
				return
			}
		}
		refuse(response, request, http.StatusForbidden)
	})
}

type rule struct {
	methods map[string]bool
	pattern *regexp.Regexp
}

func makeRules() []rule {
	const (
		prefix    = `(?:/v[0-9]+(?:\.[0-9]+)*)?`
		container = `(?:(?:[a-fA-F0-9]+)|(?:[a-zA-Z0-9][a-zA-Z0-9_.-]+))`
		query     = `(?:\?.*)?`
	)
	allow := func(target string, methods ...string) rule {
		named := map[string]bool{}
		for _, method := range methods {
			named[method] = true
		}
		return rule{named, regexp.MustCompile("^" + prefix + target + query + "$")}
	}
	return []rule{
		allow(`/_ping`, "GET", "HEAD"),
		allow(`/version`, "GET"),
		allow(`/info`, "GET"),
		allow(`/events`, "GET"),
		allow(`/containers/json`, "GET"),
		allow(`/containers/`+container+`/(?:json|export)`, "GET"),
		allow(`/containers/create`, "POST"),
		allow(`/containers/`+container+`/attach`, "POST"),
		allow(`/images/load`, "POST"),
	}
}

func carry(transport *http.Transport, response http.ResponseWriter, request *http.Request) error {
	sent := request.Clone(request.Context())
	sent.URL.Scheme, sent.URL.Host = "http", "localhost"
	answer, err := transport.RoundTrip(sent)
	if err != nil {
		response.WriteHeader(http.StatusBadGateway)
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode == http.StatusSwitchingProtocols {
		return join(response, answer)
	}
	flushed := &flushing{ResponseWriter: response}
	if flusher, ok := response.(http.Flusher); ok {
		flushed.Flusher = flusher
	}
	for name, values := range answer.Header {
		for _, value := range values {
			flushed.Header().Add(name, value)
		}
	}
	flushed.WriteHeader(answer.StatusCode)
	_, err = io.Copy(flushed, answer.Body)
	return err
}

// flushing hides what the response could copy by itself.
type flushing struct {
	http.ResponseWriter
	http.Flusher
}

func (writer *flushing) Write(bytes []byte) (int, error) {
	count, err := writer.ResponseWriter.Write(bytes)
	writer.Flush()
	return count, err
}

func (writer *flushing) WriteHeader(status int) {
	writer.ResponseWriter.WriteHeader(status)
	writer.Flush()
}

// join copies both ways until both have ended.
func join(response http.ResponseWriter, answer *http.Response) error {
	engine := answer.Body.(io.ReadWriteCloser)
	client, buffered, err := response.(http.Hijacker).Hijack()
	if err != nil {
		return err
	}
	defer client.Close()
	buffered.WriteString(answer.Proto + " " + answer.Status + "\r\n")
	answer.Header.Write(buffered)
	buffered.WriteString("\r\n")
	if err := buffered.Flush(); err != nil {
		return err
	}
	var both sync.WaitGroup
	both.Add(2)
	go func() {
		defer both.Done()
		io.Copy(client, engine)
		if conn, ok := client.(*net.TCPConn); ok {
			conn.CloseWrite()
		}
	}()
	go func() {
		defer both.Done()
		io.Copy(engine, client)
		engine.Close()
	}()
	both.Wait()
	return nil
}

func refuse(response http.ResponseWriter, request *http.Request, status int) {
	log.New(os.Stdout, "", log.LstdFlags).Printf("refused: %s %s of %s: %d", request.Method, request.URL, request.RemoteAddr, status)
	http.Error(response, http.StatusText(status), status)
}
