// Says what dockerd would read of the body of a container create. Standard library only.
//
// Standard input: bodies, each behind its length in 4 bytes (big endian). Standard output: one line for each, a JSON
// object with two readings as JSON texts, or null where Go answers with an error: `old` as Docker Engine 20.10 reads it,
// `modern` as 28 does. Each has Config, HostConfig and NetworkingConfig, with every field that the engine has.
package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"io"
	"log"
	"os"
)

// The shapes below are those of moby's api/types, with its Go types: that decides what is an error. Names, order and
// omissions of what is written do not matter. What 28 has and 20.10 has not stands in types of its own.

// Words is a list, or one string (strslice.StrSlice).
type Words []string

func (words *Words) UnmarshalJSON(text []byte) error {
	list := make([]string, 0, 1)
	if err := json.Unmarshal(text, &list); err != nil {
		var one string
		if err := json.Unmarshal(text, &one); err != nil {
			return err
		}
		list = append(list, one)
	}
	*words = list
	return nil
}

type OldHealth struct {
	Test                           []string
	Interval, Timeout, StartPeriod int64
	Retries                        int
}

type ModernHealth struct {
	OldHealth
	StartInterval int64
}

type Config[Health any] struct {
	Hostname, Domainname, User, Image, WorkingDir, MacAddress, StopSignal string

	AttachStdin, AttachStdout, AttachStderr, Tty, OpenStdin, StdinOnce, ArgsEscaped, NetworkDisabled bool

	ExposedPorts, Volumes map[string]struct{}
	Env, OnBuild          []string
	Cmd, Entrypoint       Words
	Shell                 Words
	Labels                map[string]string
	Healthcheck           *Health
	StopTimeout           *int
}

type Weight struct {
	Path   string
	Weight uint16
}

type Rate struct {
	Path string
	Rate uint64
}

type Device struct{ PathOnHost, PathInContainer, CgroupPermissions string }

type DeviceRequest struct {
	Driver       string
	Count        int
	DeviceIDs    []string
	Capabilities [][]string
	Options      map[string]string
}

type Ulimit struct {
	Name       string
	Hard, Soft int64
}

type Resources struct {
	CpuShares, Memory, NanoCpus, CpuPeriod, CpuQuota, CpuRealtimePeriod, CpuRealtimeRuntime int64

	KernelMemory, KernelMemoryTCP, MemoryReservation, MemorySwap, CpuCount, CpuPercent int64

	CgroupParent, CpusetCpus, CpusetMems string

	BlkioWeight                                                                        uint16
	BlkioWeightDevice                                                                  []*Weight
	BlkioDeviceReadBps, BlkioDeviceWriteBps, BlkioDeviceReadIOps, BlkioDeviceWriteIOps []*Rate

	Devices                           []Device
	DeviceCgroupRules                 []string
	DeviceRequests                    []DeviceRequest
	MemorySwappiness, PidsLimit       *int64
	OomKillDisable                    *bool
	Ulimits                           []*Ulimit
	IOMaximumIOps, IOMaximumBandwidth uint64
}

type OldBind struct {
	Propagation  string
	NonRecursive bool
}

type ModernBind struct {
	OldBind
	CreateMountpoint, ReadOnlyNonRecursive, ReadOnlyForceRecursive bool
}

type Driver struct {
	Name    string
	Options map[string]string
}

type OldVolume struct {
	NoCopy       bool
	Labels       map[string]string
	DriverConfig *Driver
}

type ModernVolume struct {
	OldVolume
	Subpath string
}

type OldTmpfs struct {
	SizeBytes int64
	Mode      os.FileMode
}

type ModernTmpfs struct {
	OldTmpfs
	Options [][]string
}

type Mount[Bind, Volume, Tmpfs any] struct {
	Type, Source, Target, Consistency string

	ReadOnly      bool
	BindOptions   *Bind
	VolumeOptions *Volume
	TmpfsOptions  *Tmpfs
}

type OldMount struct {
	Mount[OldBind, OldVolume, OldTmpfs]
}

type ModernMount struct {
	Mount[ModernBind, ModernVolume, ModernTmpfs]
	ImageOptions   *struct{ Subpath string }
	ClusterOptions *struct{}
}

type Host struct {
	Resources

	ContainerIDFile, NetworkMode, VolumeDriver, CgroupnsMode, IpcMode, Cgroup, PidMode, UTSMode, UsernsMode string

	Runtime, Isolation string

	AutoRemove, Privileged, PublishAllPorts, ReadonlyRootfs bool

	Binds, VolumesFrom, Dns, DnsOptions, DnsSearch, ExtraHosts, GroupAdd, Links, SecurityOpt []string

	MaskedPaths, ReadonlyPaths []string
	CapAdd, CapDrop            Words

	StorageOpt, Tmpfs, Sysctls map[string]string
	OomScoreAdj                int
	ShmSize                    int64
	ConsoleSize                [2]uint
	Init                       *bool
	PortBindings               map[string][]struct{ HostIp, HostPort string }
	RestartPolicy              struct {
		Name              string
		MaximumRetryCount int
	}
	LogConfig struct {
		Type   string
		Config map[string]string
	}
}

type OldHost struct {
	Host
	Mounts []OldMount
}

type ModernHost struct {
	Host
	Mounts      []ModernMount
	Annotations map[string]string
}

type OldEndpoint struct {
	IPAMConfig *struct {
		IPv4Address, IPv6Address string
		LinkLocalIPs             []string
	}
	Links, Aliases []string

	NetworkID, EndpointID, Gateway, IPAddress, IPv6Gateway, GlobalIPv6Address, MacAddress string

	IPPrefixLen, GlobalIPv6PrefixLen int
	DriverOpts                       map[string]string
}

type ModernEndpoint struct {
	OldEndpoint
	GwPriority int
	DNSNames   []string
}

type Networking[Endpoint any] struct{ EndpointsConfig map[string]*Endpoint }

// OldRequest has host settings at the top as well (runconfig.ContainerConfigWrapper).
type OldRequest struct {
	*Config[OldHealth]
	InnerHostConfig  *OldHost `json:"HostConfig"`
	Cpuset           string
	NetworkingConfig *Networking[OldEndpoint]
	*OldHost
}

// ModernRequest is container.CreateRequest.
type ModernRequest struct {
	*Config[ModernHealth]
	HostConfig       *ModernHost
	NetworkingConfig *Networking[ModernEndpoint]
}

type created[Health, Host, Endpoint any] struct {
	Config           *Config[Health]
	HostConfig       *Host
	NetworkingConfig *Networking[Endpoint]
}

func readOld(body []byte) *string {
	var request OldRequest
	if decode(body, &request) != nil {
		return nil
	}
	return text(created[OldHealth, OldHost, OldEndpoint]{request.Config, hostOf(request), request.NetworkingConfig})
}

// hostOf takes the settings from the top where HostConfig is absent, and otherwise some of them (getHostConfig).
func hostOf(request OldRequest) *OldHost {
	top, host := request.OldHost, request.InnerHostConfig
	if host == nil {
		host = top
	} else if top != nil {
		fill(&host.Memory, top.Memory)
		fill(&host.MemorySwap, top.MemorySwap)
		fill(&host.CpuShares, top.CpuShares)
		fill(&host.CpusetCpus, top.CpusetCpus)
		fill(&host.VolumeDriver, top.VolumeDriver)
	}
	if host != nil {
		fill(&host.CpusetCpus, request.Cpuset)
	}
	return host
}

func fill[T comparable](into *T, from T) {
	var zero T
	if *into == zero {
		*into = from
	}
}

func readModern(body []byte) *string {
	var request ModernRequest
	if decode(body, &request) != nil {
		return nil
	}
	return text(created[ModernHealth, ModernHost, ModernEndpoint]{request.Config, request.HostConfig, request.NetworkingConfig})
}

// decode reads the first value only, as 20.10 does; 28 refuses what stands behind it.
func decode(body []byte, into any) error {
	return json.NewDecoder(bytes.NewReader(body)).Decode(into)
}

func text(value any) *string {
	written, err := json.Marshal(value)
	check(err)
	result := string(written)
	return &result
}

func main() {
	in := bufio.NewReader(os.Stdin)
	for {
		var length uint32
		err := binary.Read(in, binary.BigEndian, &length)
		if err == io.EOF {
			return
		}
		check(err)
		body := make([]byte, length)
		_, err = io.ReadFull(in, body)
		check(err)
		line := text(map[string]*string{"old": readOld(body), "modern": readModern(body)})
		_, err = os.Stdout.WriteString(*line + "\n")
		check(err)
	}
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
