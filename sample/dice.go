package sample

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"

	"anlan/internal/kernel"
)

// dice are the random choices of one part of the plan. Each part has its own,
// named, so that adding to one does not change another.
type dice struct {
	*rand.Rand
}

func newDice(seed uint64, part string) dice {
	h := fnv.New64a()
	h.Write([]byte(part))
	return dice{rand.New(rand.NewPCG(seed, h.Sum64()))}
}

// pick returns one of the values.
func pick[T any](d dice, values []T) T { return values[d.IntN(len(values))] }

// between returns a whole number from low to high, both included.
func (d dice) between(low, high int) int { return low + d.IntN(high-low+1) }

// chance reports true in percent of all cases.
func (d dice) chance(percent int) bool { return d.IntN(100) < percent }

// near moves a place by up to metres in each direction.
func (d dice) near(p kernel.LatLon, metres float64) kernel.LatLon {
	const metresPerDegree = 111_195
	return kernel.LatLon{
		Lat: p.Lat + (d.Float64()*2-1)*metres/metresPerDegree,
		Lon: p.Lon + (d.Float64()*2-1)*metres/metresPerDegree/0.776, // cos 39°
	}
}

// creditCode returns the n-th unified social credit code of the sample range;
// it passes the check. No registering office gives out organisation codes that
// begin with YL (样例).
func creditCode(n int) string {
	body := fmt.Sprintf("91120000YL%07d", n)
	return body + string(kernel.USCCCheck(body))
}

// identityNumber returns the n-th identity number of the sample range, of
// somebody born on a day; it passes the check. Region 120000 is the city as a
// whole, under which no identity card is issued. n lies below 1000.
func identityNumber(n int, born kernel.Date) string {
	body := fmt.Sprintf("120000%04d%02d%02d%03d", born.Year(), born.Month(), born.Day(), n%1000)
	return body + string(kernel.IDNumberCheck(body))
}

// phone returns the n-th mobile number of the sample range. Numbers that begin
// with 160 are assigned to no operator.
func phone(n int) string { return fmt.Sprintf("160%08d", n) }

var (
	surnames   = []rune("赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕张孔曹严华金魏陶姜")
	givenNames = []string{"建国", "海燕", "志强", "丽华", "明", "伟", "静", "洪涛", "秀兰", "俊杰", "晓东", "玉梅", "鹏", "敏", "国栋", "雪", "振华", "婷", "春生", "磊", "淑芬", "凯", "文博", "思远", "佳宁", "一鸣"}
)

// personName returns a made-up name that begins with 样例.
func (d dice) personName() string { return "样例" + string(pick(d, surnames)) + pick(d, givenNames) }
